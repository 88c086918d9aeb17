import { openRecords, type Records } from "../app.ts";
import { classify, describeDecision, type Policy } from "../domain/classify.ts";
import { isKeySafeComposeId, quote } from "../domain/compose.ts";
import type { ImageEvent } from "../domain/event.ts";
import type { ComposeFacts, Testimony } from "../domain/facts.ts";
import { isAmiId, type Image } from "../domain/image.ts";
import { describeWhen, formatInstant, type Instant } from "../domain/time.ts";
import { NotFoundError, UsageError } from "../errors.ts";
import { CONFIG, configOf, type Command } from "./command.ts";

export const explain: Command = {
  summary: "which rule, when private, when deleted, and what happened; also after deletion",
  positionals: "AMI|COMPOSE",
  options: { config: CONFIG, json: { type: "boolean", help: "print JSON" } },
  examples: ["clean-amis explain ami-0a1a3731a749a16db", "clean-amis explain Fedora-Rawhide-20260122.n.0 --json"],
  run: async (invocation) => {
    const [subject, ...more] = invocation.positionals;
    if (subject === undefined || more.length > 0) throw new UsageError("explain: give one AMI or one COMPOSE");
    if (subject.startsWith("ami-") ? !isAmiId(subject) : !isKeySafeComposeId(subject))
      throw new UsageError(
        `explain: ${quote(subject)} is neither an AMI id (ami- and 8 or 17 hex digits) nor a compose id`,
      );
    const config = configOf(invocation, "records");
    const records = await openRecords(config);
    try {
      const found = subject.startsWith("ami-")
        ? await explainImage(subject, records, config.policy)
        : await explainCompose(subject, records, config.policy);
      await invocation.print(invocation.options["json"] === true ? JSON.stringify(found.json) : found.text);
      return found.isKnown ? 0 : 1;
    } finally {
      await records.close();
    }
  },
};

interface Explanation {
  readonly isKnown: boolean;
  readonly text: string;
  readonly json: object;
}

async function explainImage(
  amiId: string,
  { schedule, facts, journal, now }: Records,
  policy: Policy,
): Promise<Explanation> {
  const regions = await schedule.regions();
  const found = (await Promise.all(regions.map((region) => schedule.get(region, amiId)))).filter(
    (each) => each !== null,
  );
  if (found.length === 0)
    throw new NotFoundError(`${amiId} is not known in any region: no message that was heard named it`);
  const parts = await Promise.all(
    found.map(async (image) => {
      const [known] = await facts.recall([image.composeId]);
      const [history, waiting, testimony] = await Promise.all([
        journal.history(image.region, amiId),
        schedule.waiting(image.region, amiId),
        facts.testimony(image.composeId),
      ]);
      return describeImage(image, { known, history, waiting, testimony }, { policy, now: now() });
    }),
  );
  return { isKnown: true, text: parts.map(({ text }) => text).join("\n\n"), json: parts[0]?.json ?? {} };
}

async function explainCompose(
  composeId: string,
  { schedule, facts, now }: Records,
  policy: Policy,
): Promise<Explanation> {
  const [known] = await facts.recall([composeId]);
  if (known === undefined) throw new Error(`no facts came back for ${composeId}`);
  const images = (await schedule.ofCompose(composeId)).toSorted((a, b) => a.region.localeCompare(b.region));
  const isKnown = images.length > 0 || known.types.length > 0 || known.labels.length > 0 || known.released;
  const decision = classify(known, policy);
  const lines = images.map(
    (image) => `  ${image.region.padEnd(15)} ${image.amiId.padEnd(22)} ${standingOf(image, now())}`,
  );
  const text = [
    composeId,
    `  decision     ${describeDecision(decision)}`,
    ...(isKnown ? factLines(known) : ["  facts        nothing was heard of it; this is what its id alone says"]),
    ...(images.length > 0 ? ["", ...lines] : []),
  ].join("\n");
  const json = { compose_id: composeId, known: isKnown, decision, facts: known, images: images.map(imageJson) };
  return { isKnown, text, json };
}

/** What is read beside the image's own record. */
interface Circumstances {
  readonly known: ComposeFacts | undefined;
  readonly history: readonly ImageEvent[];
  readonly waiting: Awaited<ReturnType<Records["schedule"]["waiting"]>>;
  readonly testimony: readonly Testimony[];
}

function describeImage(
  image: Image,
  { known, history, waiting, testimony }: Circumstances,
  { policy, now }: { readonly policy: Policy; readonly now: Instant },
): { readonly text: string; readonly json: object } {
  const decision = known === undefined ? null : classify(known, policy);
  const row = (name: string, value: string | null): string[] =>
    value === null ? [] : [`  ${name.padEnd(12)} ${plain(value)}`];
  const when = (name: string, at: Instant | null): string[] => row(name, at === null ? null : describeWhen(at, now));
  const text = [
    `${image.amiId} in ${image.region}`,
    ...row("compose", image.composeId),
    ...row("name", [image.imageName, image.arch].filter((word) => word !== null).join(", ") || null),
    ...row("stage", standingOf(image, now)),
    ...row("by rule", image.rule === null ? image.reason : `${image.rule}: ${image.reason}`),
    ...row("decided now", decision === null ? null : describeDecision(decision)),
    ...(known === undefined ? [] : factLines(known)),
    ...testimony.flatMap(({ of, by, at }) => row("said by", `${of}: ${by}, ${formatInstant(at)}`)),
    ...row("waits", waiting === null ? null : waitText(waiting, now)),
    ...when("uploaded", image.uploadedAt),
    ...when("private at", image.stage === "kept" ? null : image.privateAt),
    ...when("made private", image.madePrivateAt),
    ...when("noticed", image.noticedAt),
    ...when("delete at", image.deleteAt),
    ...row("taken away", takenText(image)),
    ...row("last trouble", image.lastError || null),
    "  history",
    ...history.map(
      (event) => `    ${formatInstant(event.at).padEnd(24)} ${event.what.padEnd(13)} ${event.who}: ${plain(event.why)}`,
    ),
  ].join("\n");
  return {
    text,
    json: { ...imageJson(image), decision, facts: known ?? null, testimony, waiting, history: history.map(eventJson) },
  };
}

function waitText({ queue, wakeAt }: { readonly queue: string; readonly wakeAt: Instant }, now: Instant): string {
  return `in the queue ${queue}, ${wakeAt === Infinity ? "without an end" : `until ${describeWhen(wakeAt, now)}`}`;
}

function standingOf(image: Image, now: Instant): string {
  switch (image.stage) {
    case "public":
      return `public, to be made private ${describeWhen(image.privateAt, now)}`;
    case "private":
      return image.deleteAt === null
        ? "private, and waits for the public notice"
        : `private, not deleted before ${describeWhen(image.deleteAt, now)}`;
    case "unresolved":
      return "unresolved, waits for facts of its compose";
    case "restoring":
      return "restoring, what was taken away is being given back";
    case "kept":
      return `kept (${image.rule ?? "no rule"})`;
    case "deleting":
    case "held":
    case "deleted":
    case "gone":
      return image.stage;
  }
}

function factLines(facts: ComposeFacts): string[] {
  const said = [
    ...facts.types.map(({ source, value }) => `type ${plain(value)} (${source})`),
    ...facts.labels.map(({ source, value }) => `label ${value === null ? "none" : plain(value)} (${source})`),
    ...(facts.released ? ["released as a two-week compose"] : []),
    ...(facts.contradiction === null ? [] : [`contradiction: ${plain(facts.contradiction)}`]),
  ];
  const asked = facts.asked.map(({ source, outcome, at }) => `${source} ${outcome} ${formatInstant(at)}`);
  return [
    `  facts        ${said.length === 0 ? "only what the id says" : said.join(", ")}`,
    ...(asked.length === 0 ? [] : [`  asked        ${asked.join(", ")}`]),
  ];
}

function takenText({ takenAway }: Image): string | null {
  if (takenAway === null) return null;
  const launch = takenAway.image ? "everybody's launch permission" : "no launch permission";
  return `${launch}, everybody's volume permission of ${takenAway.snapshots.length} snapshots`;
}

function imageJson(image: Image): object {
  const iso = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
  const { region, amiId, composeId, imageName, arch, stage, rule, reason, takenAway, snapshotIds, lastError } = image;
  return {
    ...{ region, ami: amiId, compose_id: composeId, image_name: imageName, arch, stage, rule, reason },
    ...{ uploaded_at: iso(image.uploadedAt), private_at: iso(image.privateAt) },
    ...{ made_private_at: iso(image.madePrivateAt), noticed_at: iso(image.noticedAt), delete_at: iso(image.deleteAt) },
    ...{ taken_away: takenAway, snapshot_ids: snapshotIds, last_error: lastError },
  };
}

function eventJson({ at, what, who, why, details }: ImageEvent): object {
  return { when: formatInstant(at), what, who, why, details };
}

/** Foreign text on a terminal: no control characters, on one line. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}
