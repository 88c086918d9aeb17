import type { ForgeIssue } from "../../../src/demo/outside/tracker.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { NO_WARNING } from "./program.ts";

export const REPO = "ami-reports";

/** The environment of every process, but for its Redis. */
export const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "test-secret",
  PAGURE_ACCESS_TOKEN: "TEST0PAGURE0TOKEN",
  ...NO_WARNING,
};

/** The world of one scene, without Redis. */
export interface Servers {
  readonly simulator: Ec2Simulator;
  readonly pagure: PagureDouble;
  readonly archive: DatagrepperDouble;
}

export async function openServers(): Promise<Servers> {
  const simulator = await startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: "125523088429" } } });
  const pagure = await startPagureDouble();
  const archive = await startDatagrepper();
  pagure.tracker.setProject(REPO, {});
  pagure.setToken(SECRETS.PAGURE_ACCESS_TOKEN, { user: "bot" });
  return { simulator, pagure, archive };
}

type Setting = "ec2" | "pagure" | "datagrepper" | "prefix" | "deleteAfter" | "lease";

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
kind = "pagure"
url = "${settings.pagure}"
repo = "${REPO}"
`;
}

/** Every text of an issue. */
export function textsOf({ content, comments }: ForgeIssue): readonly string[] {
  return [content, ...comments.map(({ text }) => text)];
}

/** Puts an issue of another tracker into this one. */
export function repost({ tracker }: Servers["pagure"], issue: ForgeIssue): void {
  const { id } = tracker.open(REPO, issue);
  for (const { author, text } of issue.comments) tracker.comment(REPO, id, author, text);
}
