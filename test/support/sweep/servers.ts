import type { ForgeIssue } from "../../../src/demo/outside/tracker.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { ForgeDouble } from "../../../src/demo/outside/forge.ts";
import { startForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import { NO_WARNING } from "./program.ts";

/** A name that both forges take. */
export const REPO = "releng/ami-reports";
const FORGE_TOKEN = "TEST0FORGE0TOKEN";

/** The environment of every process, but for its Redis. */
export const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "test-secret",
  PAGURE_ACCESS_TOKEN: FORGE_TOKEN,
  FORGEJO_ACCESS_TOKEN: FORGE_TOKEN,
  ...NO_WARNING,
};

/** The world of one scene, without Redis. */
export interface Servers {
  readonly simulator: Ec2Simulator;
  /** Where the reports go. */
  readonly forge: ForgeDouble;
  readonly archive: DatagrepperDouble;
}

export async function openServers(kind: ForgeName): Promise<Servers> {
  const simulator = await startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: "125523088429" } } });
  const forge = await (kind === "pagure" ? openPagure() : openForgejo());
  const archive = await startDatagrepper();
  return { simulator, forge, archive };
}

async function openPagure(): Promise<ForgeDouble> {
  const double = await startPagureDouble();
  double.tracker.setProject(REPO, {});
  double.setToken(FORGE_TOKEN, { user: "bot" });
  return double;
}

async function openForgejo(): Promise<ForgeDouble> {
  const double = await startForgejoDouble();
  double.tracker.setProject(REPO, { writers: ["bot"] });
  double.setToken(FORGE_TOKEN, { user: "bot" });
  return double;
}

type Setting = "ec2" | "kind" | "forge" | "datagrepper" | "prefix" | "deleteAfter" | "lease";

/** The program's configuration; addresses may be those of proxies, and an empty one names nobody. */
export function configText(settings: Readonly<Record<Setting, string>>): string {
  return `[consumer_config]
act = "delete"
redis_prefix = "${settings.prefix}"

[consumer_config.schedule]
private_after = "0s"
delete_after = "${settings.deleteAfter}"
lease = "${settings.lease}"

[consumer_config.sources]
compose_host = ""
datagrepper = "${settings.datagrepper}"
datagrepper_rate = 1000

[consumer_config.ec2]
endpoint = "${settings.ec2}"

[consumer_config.report]
kind = "${settings.kind}"
url = "${settings.forge}"
repo = "${REPO}"
`;
}

/** Every text of an issue. */
export function textsOf({ content, comments }: ForgeIssue): readonly string[] {
  return [content, ...comments.map(({ text }) => text)];
}

/** Puts an issue of another tracker into this one. */
export function repost({ tracker }: Pick<ForgeDouble, "tracker">, issue: ForgeIssue): void {
  const { id } = tracker.open(REPO, issue);
  for (const { author, text } of issue.comments) tracker.comment(REPO, id, author, text);
}
