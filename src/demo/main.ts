import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { castImages } from "./cast/cast.ts";
import { archivedMessages } from "./cast/messages.ts";
import { PROJECT } from "./objector.ts";
import { startComposeHost } from "./outside/compose-host.ts";
import { startDatagrepper } from "./outside/datagrepper/double.ts";
import { startEc2Simulator } from "./outside/ec2/simulator.ts";
import { startForgejoDouble } from "./outside/forgejo/double.ts";
import { startPagureDouble } from "./outside/pagure/double.ts";
import { ownDay } from "./pace.ts";
import { perform } from "./perform.ts";
import { findServers } from "./servers/find.ts";
import { openGuarded } from "./servers/guarded.ts";
import { freePorts } from "./servers/ports.ts";
import { startRabbitmq } from "./servers/rabbitmq.ts";
import { startRedis } from "./servers/redis.ts";
import { SetupError } from "./servers/setup-error.ts";
import { FORGE_NAMES, LONGEST_DAY_S, SECRETS, serviceConfig, TOKEN, USER, type ForgeName } from "./service-config.ts";
import { ServiceProcess } from "./service.ts";
import type { Stage } from "./stage.ts";
import { untilAsked } from "./stopped.ts";
import { describeError } from "../errors.ts";
import { fillComposeHost, fillEc2, ACCOUNT } from "./world.ts";

/** Each thing that was started registers its end at once; the end runs them all, the last first. */
type Cleanup = () => Promise<void> | void;

const stop = untilAsked();

const OPTIONS = {
  json: { type: "boolean", default: false },
  stay: { type: "boolean", default: false },
  day: { type: "string" },
  forge: { type: "string", default: "pagure" },
  help: { type: "boolean", default: false },
} as const;

const HELP = `usage: npm run demo -- [OPTION…]

  --day SECONDS  what a day takes, 1 to ${LONGEST_DAY_S} (else 1, and more on a slow machine)
  --forge NAME   where the reports go: pagure or forgejo (else pagure)
  --stay         the service and its servers stay until Ctrl-C
  --json         the last line is one JSON object, all else goes to standard error
  --help         this`;

/** Whether the demo can play with it. */
function isForge(name: string): name is ForgeName {
  return Object.hasOwn(FORGE_NAMES, name);
}

/** The options, or what is wrong with them. */
function wordsOf(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    const what = describeError(error).split(". ")[0] ?? "";
    return `${what} (known: ${Object.keys(OPTIONS)
      .map((name) => `--${name}`)
      .join(", ")})`;
  }
}

/** Starts the world, plays the demo in it, and takes the world down again. Resolves to the exit code. */
async function main(): Promise<number> {
  const values = wordsOf(process.argv.slice(2));
  if (typeof values === "string") {
    console.error(`demo: ${values}`);
    return 2;
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const given = values.day === undefined ? null : Number(values.day);
  if (given !== null && (!/^\d{1,3}$/.test(values.day ?? "") || given < 1 || given > LONGEST_DAY_S)) {
    console.error(`demo: --day ${values.day ?? ""}: the seconds that a day takes, 1 to ${LONGEST_DAY_S}`);
    return 2;
  }
  const { forge } = values;
  if (!isForge(forge)) {
    console.error(`demo: --forge ${forge}: it is ${Object.keys(FORGE_NAMES).join(" or ")}`);
    return 2;
  }
  const say = (line: string): void => {
    (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const cleanups: Cleanup[] = [];
  try {
    const daySeconds = given ?? (await ownDay(say));
    const stage = await setUp(cleanups, { daySeconds, forge }, say);
    say(`status  http://127.0.0.1:${stage.monitoringPort ?? ""}/ shows in a browser what is done`);
    if (values.stay || (given ?? 1) > 1) tellHow(stage, say);
    const summary = await perform(stage);
    if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    if (values.stay && !stop.aborted) {
      const service = new ServiceProcess(["consume", "--config", stage.configFile], SECRETS);
      cleanups.push(async () => {
        await service.end();
      });
      say(`the service and its servers stay until Ctrl-C: redis at ${stage.redisUrl}`);
      tour(stage, say);
      await new Promise<void>((resolve) => {
        stop.addEventListener("abort", () => {
          resolve();
        });
      });
    }
    return summary.violations.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

/** What an operator types to look at the demo while it runs. */
function tellHow({ configFile }: Stage, say: (line: string) => void): void {
  const environment = Object.entries(SECRETS).map(([name, value]) => `${name}=${value}`);
  say("to look around from another terminal:");
  say(`          export FEDORA_MESSAGING_CONF='${configFile}' ${environment.join(" ")}`);
  say("          node dist/src/main.js queue");
}

/** Commands that work in the demo as it stands in the end, and where the reports can be read. */
function tour({ images, tracking, forge, forgeUrl }: Stage, say: (line: string) => void): void {
  const amiOf = (fate: string): string => images.find((image) => image.fate === fate)?.amiId ?? "";
  const word = forge === "pagure" ? "issue" : "issues";
  for (const issue of tracking.tracker.issues(PROJECT))
    say(`          ${forgeUrl}/${PROJECT}/${word}/${issue.id}  ${issue.title}, as people read it`);
  for (const [words, what] of [
    ["queue stats", "figures of the whole"],
    ["events --since 1h --kind deleted --limit 5", "the first that were deleted"],
    [`explain ${amiOf("held")}`, "the image that somebody objected to"],
    [`release ${amiOf("held")}`, "lets its clock run again"],
    [`hold ${amiOf("deleted")} --reason late`, "what is too late is said at once"],
    ["doctor --quiet", "what is wrong with this installation"],
  ] as const)
    say(`          node dist/src/main.js ${words}  # ${what}`);
}

/** Starts the doubles of all that the service meets, and fills them. */
async function startOutside(images: ReturnType<typeof castImages>, forge: ForgeName, cleanups: Cleanup[]) {
  const simulator = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
  cleanups.push(() => simulator.close());
  fillEc2(simulator, images);
  const tracking = forge === "pagure" ? await startPagureDouble() : await startForgejoDouble();
  cleanups.push(() => tracking.close());
  tracking.tracker.setProject(PROJECT, { writers: [USER] });
  tracking.setToken(TOKEN, { user: USER });
  const archivedAt = Math.floor(Date.now() / 1000) * 1000;
  const composeHost = await startComposeHost();
  cleanups.push(() => composeHost.close());
  fillComposeHost(composeHost);
  const datagrepper = await startDatagrepper({ messages: archivedMessages(images, archivedAt) });
  cleanups.push(() => datagrepper.close());
  return { simulator, tracking, composeHost, datagrepper, archivedAt };
}

async function setUp(
  cleanups: Cleanup[],
  { daySeconds, forge }: { readonly daySeconds: number; readonly forge: ForgeName },
  say: (line: string) => void,
): Promise<Stage> {
  const [images, since] = [castImages(), Date.now()];
  const servers = await findServers({ log: say, signal: stop });
  const stoppable = async <T extends { readonly stop: Cleanup }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    cleanups.push(server.stop);
    return server;
  };
  const [redis, rabbitmq] = await Promise.all([
    stoppable(startRedis(servers.redis)),
    stoppable(startRabbitmq(servers.rabbitmq)),
  ]);
  const { simulator, tracking, composeHost, datagrepper, archivedAt } = await startOutside(images, forge, cleanups);
  const seconds = ((Date.now() - since) / 1000).toFixed(1);
  const own = `Redis (${servers.redis.from}), RabbitMQ (${servers.rabbitmq.from})`;
  say(`set-up  ${own}, EC2, ${FORGE_NAMES[forge]}, compose host and datagrepper doubles: ready (${seconds} s)`);
  // On servers that are not its own the demo keeps to names of its own.
  const isOwn = servers.redis.from !== "url" && servers.rabbitmq.from !== "url";
  const name = `clean-amis-demo-${randomUUID()}`;
  const places = isOwn ? { exchange: "amq.topic", prefix: "clean-amis" } : { exchange: name, prefix: name };
  const guarded = await openGuarded();
  cleanups.push(guarded.stop);
  const configFile = join(guarded.dir, "config.toml");
  const queue = randomUUID();
  const [monitoringPort = 0] = await freePorts(1);
  const addresses = {
    monitoringPort,
    amqpUrl: rabbitmq.url,
    redisUrl: redis.url,
    ec2Url: simulator.url,
    forge,
    forgeUrl: tracking.url,
    composeHostUrl: composeHost.url,
    datagrepperUrl: datagrepper.url,
  };
  await writeFile(configFile, serviceConfig({ ...addresses, ...places, queue }, daySeconds, { isTelling: true }));
  return {
    ...addresses,
    ...places,
    queue,
    configFile,
    images,
    simulator,
    tracking,
    isOwn,
    archivedAt,
    say,
    dayMs: daySeconds * 1000,
    stop,
  };
}

process.exitCode = await main();
