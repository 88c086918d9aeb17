import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS, SECOND_MS, toScore } from "../../../src/domain/time.ts";
import { TOKEN, USER } from "../../../src/demo/service-config.ts";
import { AUTHORITY, KEY, OVER } from "../../fixtures/certificates.ts";
import { allHeard, REPO, type Machine } from "./machine.ts";

export const [NIGHTLY, RELEASE] = ["ami-00000000000000001", "ami-000000000000000aa"] as const;
const FRESH = "ami-00000000000000002";
const [EAST, WEST] = ["us-east-1", "eu-west-1"] as const;
export const PRIVATE_NOW = ['act = "nothing"', 'act = "private"'] as const;

/** An upload, as EC2 and the archive have it. */
function upload(
  { ec2, archive }: Machine,
  region: string,
  id: string,
  at: number,
  compose: { readonly id: string; readonly name: string },
): void {
  ec2.addImage(region, {
    id,
    name: compose.name,
    createdAt: at,
    snapshots: [{ id: `snap-${id.slice(4)}`, isPublic: true }],
  });
  const body = { architecture: "x86_64", compose_id: compose.id, image_name: compose.name, regions: { [region]: id } };
  const topic = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.Cloud_Base.x86_64";
  archive.add({ topic, id: randomUUID(), at, headers: { "sent-at": new Date(at).toISOString() }, body });
}

const stampOf = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll("-", "");

/** Two nightlies, six days and one old, and a release, announced in the archive alone. */
export function uploads(machine: Machine): void {
  const now = Date.now();
  for (const [region, id, days] of [
    [EAST, NIGHTLY, 6],
    [WEST, FRESH, 1],
  ] as const) {
    const at = now - days * DAY_MS - HOUR_MS;
    const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${stampOf(at)}.0`;
    upload(machine, region, id, at, { id: `Fedora-Rawhide-${stampOf(at)}.n.0`, name });
  }
  const at = now - 6 * DAY_MS - HOUR_MS;
  const ga = `Fedora-43-${stampOf(at)}.0`;
  const facts = { compose_id: ga, compose_type: "production", compose_label: "RC-1.6", status: "FINISHED" };
  const topic = "org.fedoraproject.prod.pungi.compose.status.change";
  machine.archive.add({ topic, id: randomUUID(), at, headers: { "sent-at": new Date(at).toISOString() }, body: facts });
  upload(machine, EAST, RELEASE, at, { id: ga, name: "Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6" });
}

/** The service has heard all, and was told to make private; it does not run. */
async function heard(machine: Machine): Promise<void> {
  uploads(machine);
  machine.configure(PRIVATE_NOW);
  await machine.type("clean-amis backfill --days 17");
  await allHeard(machine);
}

/** The nightly is private, and the public was told. */
async function madePrivate(machine: Machine): Promise<void> {
  await heard(machine);
  await machine.type("clean-amis tick --once");
}

async function reportsFail({ connection: { redis, keys } }: Machine, reason: string, kind = "pagure"): Promise<void> {
  const at = formatInstant(Date.now() - 4 * HOUR_MS);
  const fields = { state: "failing", since: at, reason, checked_at: formatInstant(Date.now()) };
  await redis.hset(keys.control(`reporter:${kind}:status`), fields);
}

/** What a section of the runbook begins with, by its title: the machine in the trouble that is spoken of. */
export const SCENES: Readonly<Record<string, (machine: Machine) => Promise<void>>> = {
  "Stop everything, now": heard,
  "Somebody complains": async (machine) => {
    await madePrivate(machine);
    await machine.type("systemctl start clean-amis");
  },
  CleanAmisDead: heard,
  CleanAmisRedisAway: async (machine) => {
    await heard(machine);
    await machine.type("systemctl stop redis");
  },
  CleanAmisDeaf: async (machine) => {
    await heard(machine);
    const { redis, keys } = machine.connection;
    await redis.hset(keys.control("ears"), { heard_until: formatInstant(Date.now() - 3 * HOUR_MS) });
    machine.archive.fail({ trouble: { kind: "gateway", status: 503 }, times: 2 });
  },
  CleanAmisOverdue: async (machine) => {
    await heard(machine);
    await machine.type('clean-amis pause --reason "release day" --by kevin');
  },
  CleanAmisReportLate: async (machine) => {
    await heard(machine);
    await reportsFail(machine, "Pagure does not answer");
  },
  CleanAmisReportRefused: async (machine) => {
    await heard(machine);
    machine.pagure.setToken(TOKEN, { user: USER, expiresAt: Date.now() - DAY_MS });
    machine.pagure.setToken("NEW0TOKEN", { user: USER, acls: ["issue_create", "issue_comment"] });
    writeFileSync(join(machine.dir, "root/new-token"), "NEW0TOKEN\n");
    await reportsFail(machine, "Pagure refuses the token");
  },
  CleanAmisBusLate: async (machine) => {
    await heard(machine);
    const on = ["[consumer_config.ec2]", "[consumer_config.announce]\non = true\n\n[consumer_config.ec2]"] as const;
    machine.configure(PRIVATE_NOW, ["amqp_url", 'topic_prefix = "org.fedoraproject.prod"\namqp_url'], on);
    const topic = "org.fedoraproject.prod.clean_amis.image.private";
    const remedy = "bind a queue to it, as whoever hears these messages does, or set announce.on = false";
    const why = `nobody hears it (312 NO_ROUTE): ${remedy}`;
    await reportsFail(machine, `broker: ${topic} was not taken by exchange "amq.topic": ${why}`, "bus");
  },
  CleanAmisCommentsUnread: async (machine) => {
    await heard(machine);
    machine.pagure.fail({ trouble: { kind: "answer", status: 502, body: "Bad Gateway" }, times: Infinity });
    await machine.type("systemctl start clean-amis");
    for (const words of ['"msg":"consuming"', "answered 502"]) await machine.until(words);
  },
  CleanAmisRegionLeftAlone: async (machine) => {
    await heard(machine);
    const { redis, keys } = machine.connection;
    const instants = {
      since: formatInstant(Date.now() - 2 * DAY_MS),
      ask_again_at: formatInstant(Date.now() + DAY_MS),
    };
    const breaker = { trouble: "shut", ...instants, times: 3, code: "OptInRequired" };
    await redis.hset(keys.control("breakers"), WEST, JSON.stringify(breaker));
    machine.ec2.configure(WEST, { optIn: "not-opted-in" });
  },
  CleanAmisBudgetStop: async (machine) => {
    await heard(machine);
    const { redis, keys } = machine.connection;
    const stop = { since: formatInstant(Date.now() - HOUR_MS), reason: "1000 of 1000 images were made private today" };
    await redis.hset(keys.control("stopped"), "private", JSON.stringify(stop));
  },
  CleanAmisRejectedRising: async (machine) => {
    await heard(machine);
    const at = Date.now() - MINUTE_MS;
    const topic = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws";
    machine.archive.add({ topic, id: randomUUID(), at, headers: {}, body: {} });
    await machine.type("clean-amis backfill --days 1 | cat");
  },
  CleanAmisCertificateEnds: async (machine) => {
    await heard(machine);
    const files = { "cacert.pem": AUTHORITY, "fedora-cert.pem": OVER, "fedora-key.pem": KEY };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(machine.dir, "etc/fedora-messaging", name), text);
    machine.configure(PRIVATE_NOW, ["amqp://", "amqps://"]);
  },
  CleanAmisRedisMemory: async (machine) => {
    await heard(machine);
    await machine.connection.redis.config("SET", "maxmemory", 2 ** 22);
  },
  CleanAmisPassHangs: async (machine) => {
    await heard(machine);
    const { redis, keys } = machine.connection;
    await redis.zadd(keys.control("replicas"), toScore(Date.now()), "releng01-5f0c2a9d");
    const hung = JSON.stringify([{ pass: "report", since: formatInstant(Date.now() - HOUR_MS) }]);
    await redis.set(keys.control("hung:releng01-5f0c2a9d"), hung, "EX", MINUTE_MS / SECOND_MS);
  },
  "Back up and restore Redis": madePrivate,
  "Redis has lost its data": async (machine) => {
    await madePrivate(machine);
    await machine.connection.redis.flushall();
  },
  "The forge has moved": async (machine) => {
    await madePrivate(machine);
    machine.pagure.tracker.setProject("fedora-cloud/moved", {});
    machine.configure(PRIVATE_NOW, [REPO, "fedora-cloud/moved"]);
  },
  "A region is gone": async (machine) => {
    await heard(machine);
    machine.ec2.configure(WEST, { optIn: "not-opted-in" });
  },
  "The queue was deleted": async (machine) => {
    await heard(machine);
    await machine.type("systemctl start clean-amis");
    await machine.loseQueue();
  },
};

/** Sections that are played one after the other with the package, by `test/setup/package.test.ts`. */
export const WITH_A_PACKAGE = [
  "From an empty folder to a dry run",
  "Compare with what the old job would have done",
  "The service, and nothing is changed yet",
  "Make private, and some weeks later delete",
  "Upgrade",
  "Roll back",
] as const;
