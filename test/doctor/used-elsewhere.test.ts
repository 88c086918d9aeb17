import t from "tap";
import { systemClock } from "../../src/adapters/clock.ts";
import { openEc2Checkup } from "../../src/adapters/ec2/checkup.ts";
import { startEc2Simulator } from "../../src/demo/outside/ec2/simulator.ts";
import { checkRegion } from "../../src/doctor/ec2.ts";
import { SECOND_MS } from "../../src/domain/time.ts";
import { silentLog } from "../support/run/log.ts";
import { ACCOUNT, GUARDS } from "../support/world/image.ts";
import { REGION } from "../support/world/world.ts";

type Config = Parameters<typeof checkRegion>[1]["config"];

t.test("the right to ask who uses images elsewhere is missed where that is asked, and nowhere else", async (t) => {
  const denied = ["CreateImageUsageReport", "DeleteImageUsageReport"];
  const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT, denied } } });
  const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
  const rest = { credentials, role: null, share: 1, clock: systemClock, log: silentLog };
  const checkup = openEc2Checkup({ endpoint: simulator.url, ...rest });
  t.teardown(async () => {
    checkup.close();
    await simulator.close();
  });
  const found = async (act: Config["act"], usage: Config["usage"]): Promise<string | undefined> => {
    const config = { act, usage, ec2: { guards: GUARDS } } as Config;
    const needs = { config, ec2: () => Promise.resolve(checkup), callLimitMs: 60 * SECOND_MS };
    const findings = await checkRegion(REGION, needs, new AbortController().signal);
    const [permissions] = findings.filter(({ check }) => check.endsWith(" permissions"));
    return `${permissions?.state ?? "none"}: ${permissions?.message ?? ""}`;
  };
  const missing = "missing ec2:CreateImageUsageReport, ec2:DeleteImageUsageReport";
  t.equal(await found("private", { keepFrom: 0 }), `failure: ${missing}`);
  t.equal(await found("nothing", { keepFrom: 0 }), `warning: ${missing}, which act = "nothing" does not need`);
  t.equal(await found("delete", null), "ok: all 13 allowed");
  t.same(simulator.journal.mutating(), []);
});
