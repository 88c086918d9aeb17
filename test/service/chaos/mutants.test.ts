import t from "tap";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import type { Outgoing } from "../../../src/demo/cast/messages.ts";
import type { Ingester } from "../../../src/hear/ingest.ts";
import type { Facts, Rejected } from "../../../src/ports/index.ts";
import { damaged, Dice, mutated, mutatedHeaders } from "../../support/random/mutate.ts";
import { openWayIn } from "../../support/servers/broker/way-in.ts";
import { SAMPLES, type Sample } from "../../support/world/inputs/messages.ts";
import { openWorld } from "../../support/world/world.ts";
import { limitFor } from "../../support/run/limit.ts";

/** `npm run chaos` asks for more. */
const MUTANTS = Number(process.env["CHAOS_MUTANTS"] ?? 4_000);
const SEED = Number(process.env["CHAOS_SEED"] ?? 2026);
const AT_ONCE = 250;
const CORPUS = SAMPLES.filter(({ id }) => !id.startsWith("datagrepper-"));

/** Made-up composes of four kinds, so many that some meet no mutant that spoils them: the run must be able to fail. */
const MADE_UP = MUTANTS / 20;

/** Dated; dated, then labelled X.Y; dated, then released; nightly. Each with an image, a label and a third message. */
function madeUp(number: number): readonly Sample[] {
  const kind = number % 4;
  const day = new Date(Date.UTC(2001, 0, 1 + number)).toISOString().slice(0, 10).replaceAll("-", "");
  const composeId = kind === 3 ? `Fedora-Rawhide-${day}.n.0` : `Fedora-Cloud-43-${day}.0`;
  const send = (event: string, body: Sample["body"]): Sample => {
    const headers = { "sent-at": "2026-11-24T09:00:00+00:00" };
    return { id: "made-up", topic: `org.fedoraproject.prod.${event}`, headers, body };
  };
  const label = (text: string): Sample =>
    send("pungi.compose.status.change", { compose_id: composeId, compose_type: "production", compose_label: text });
  const upload = send("fedora_image_uploader.published.v1.aws", {
    compose_id: composeId,
    regions: { "us-east-1": amiOf(number) },
  });
  if (kind === 3) return [upload];
  const release = send("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: composeId } });
  return [upload, label(`RC-${day}.0`), ...([[], [label("RC-1.2")], [release]][kind] ?? [])];
}

const amiOf = (number: number): string => `ami-${number.toString(16).padStart(17, "0")}`;
const NAMED = new Set(JSON.stringify(CORPUS).match(/ami-[0-9a-f]+/g));
for (let number = 0; number < MADE_UP; number += 1) NAMED.add(amiOf(number));

limitFor(t, "CHAOS_MUTANTS");

/** What the mutants said of composes, read by this test's own eyes: labels X.Y, and releases. */
class Sayings {
  readonly protectedComposes = new Set<string>();

  hear(topic: string, text: string): void {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      // Damaged on purpose: nobody can have understood it.
      return;
    }
    if (topic.endsWith("pungi.compose.status.change")) this.#hearPungi(body as Record<string, unknown>);
    if (topic.endsWith("atomic.twoweek.complete"))
      for (const [, composeId] of text.matchAll(/"compose_id":"(?<id>[\w.-]{1,128})"/g))
        if (composeId !== undefined) this.protectedComposes.add(composeId);
  }

  #hearPungi(body: Record<string, unknown>): void {
    const { compose_id: composeId, compose_label: label } = body;
    if (typeof composeId === "string" && typeof label === "string" && /^[A-Za-z]+-\d{1,7}\.\d+$/.test(label))
      this.protectedComposes.add(composeId);
  }
}

/** Mutants on their way: what each says, until it is known whether a fact was learnt from it. */
class Mutants {
  readonly sayings = new Sayings();
  readonly #dice = new Dice(SEED);
  readonly #underWay = new Map<string, { readonly topic: string; readonly text: string }>();
  #made = 0;

  make(): Outgoing {
    const dice = this.#dice;
    const sample = dice.pick(dice.roll(2) === 0 ? CORPUS : madeUp(dice.roll(MADE_UP)));
    const { bytes, isWhole } = damaged(JSON.stringify(mutated(sample.body, dice)), dice);
    this.#made += 1;
    const messageId = `mutant-${this.#made}`;
    if (isWhole) this.#underWay.set(messageId, { topic: sample.topic, text: bytes.toString() });
    return { topic: sample.topic, messageId, headers: mutatedHeaders(sample.headers, dice), body: bytes };
  }

  /** The same facts, which are watched: what was learnt from a mutant was said. */
  watch(facts: Facts): Facts {
    const remember: Facts["remember"] = (fact) => {
      const said = this.#underWay.get(fact.by);
      if (said !== undefined) this.sayings.hear(said.topic, said.text);
      return facts.remember(fact);
    };
    return { ...facts, remember };
  }

  /** What was taken has said all that it says. */
  forget(): void {
    this.#underWay.clear();
  }
}

t.test(
  `${MUTANTS} mutated messages, by the broker, schedule no image that nobody named, and none that a label or a release protects`,
  async (t) => {
    const world = await openWorld(t);
    const { redis, keys } = world.connection;
    const mutants = new Mutants();
    const facts = mutants.watch(world.ingester.facts);
    let kept = 0;
    const add: Rejected["add"] = async (entry) => {
      const isNew = await world.ingester.rejected.add(entry);
      if (isNew) kept += 1;
      return isNew;
    };
    const ingester: Ingester = { ...world.ingester, facts, rejected: { add }, environments: ["prod", "stg", "dev"] };
    const { way, publisher } = await openWayIn(t, ingester);
    for (let done = 0; done < MUTANTS;) {
      await publisher.send(Array.from({ length: AT_ONCE }, () => mutants.make()));
      await way.taken((done += AT_ONCE));
      mutants.forget();
    }
    const counts = way.consumer.counts;
    const { sayings } = mutants;

    const prefix = keys.format.replace(/:format$/, "");
    const found: { readonly amiId: string; readonly stage: string; readonly composeId: string }[] = [];
    for await (const batch of redis.scanStream({ match: `${prefix}:{*}:image:*`, count: 1000 }))
      for (const key of batch as string[]) {
        const [stage, composeId] = await redis.hmget(key, "stage", "compose_id");
        found.push({ amiId: key.slice(key.lastIndexOf(":") + 1), stage: stage ?? "", composeId: composeId ?? "" });
      }
    const deletable = found.filter(({ stage }) => stage === "public");
    t.comment(
      `seed ${SEED}: ${JSON.stringify(counts)}; ${found.length} images, ${deletable.length} deletable, ${sayings.protectedComposes.size} composes protected`,
    );
    t.same(
      found.filter(({ amiId }) => !NAMED.has(amiId)),
      [],
      "no image that nobody named",
    );
    t.same(
      deletable.filter(({ composeId }) => sayings.protectedComposes.has(composeId)),
      [],
      "none that is protected",
    );
    t.ok(found.length <= NAMED.size * 4, `${found.length} images: nothing grows with the number of messages`);
    t.ok(deletable.length > 0 && sayings.protectedComposes.size > 0, "and the run could have failed");
    const [rejected, left] = [redisRejected(world.connection), await redis.xlen(keys.rejected)];
    const mib = ((await redis.memory("USAGE", keys.rejected, "SAMPLES", 0)) ?? 0) / 1024 / 1024;
    t.ok(left <= 100_000 && mib <= 64, `${left} rejected are kept, ${mib.toFixed(1)} MiB`);
    t.equal(left + (await rejected.removed()), kept, "and those that are not are counted");
  },
);
