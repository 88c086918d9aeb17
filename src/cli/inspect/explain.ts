import { CONFIG, onlyWord, withRecords, type Command, type Invocation } from "../command/command.ts";
import { composeText, imageText } from "./explain-text.ts";
import { decisionJson, jsonLine } from "../terminal/show.ts";
import { describeDecision } from "../../domain/compose/classify.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { isAmiId } from "../../domain/image/image.ts";
import { formatInstant, type Instant } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import {
  explainAmi,
  explainCompose,
  type ComposeKnowledge,
  type Explainer,
  type ImageExplanation,
  type Standing,
} from "../../inspect/explain.ts";

export const explain: Command = {
  summary: "which rule, when private, when deleted, and what happened; also after deletion",
  positionals: "AMI|COMPOSE",
  options: { config: CONFIG, json: { type: "boolean", help: "print one JSON line for the compose, or for the AMI" } },
  examples: ["clean-amis explain ami-0a1a3731a749a16db", "clean-amis explain Fedora-Rawhide-20260122.n.0 --json"],
  run: async (invocation) => {
    const subject = onlyWord(invocation, "explain: give one AMI or one COMPOSE");
    const isAmi = /^ami-/i.test(subject);
    if (isAmi ? !isAmiId(subject) : !isKeySafeComposeId(subject))
      throw new UsageError(
        `explain: ${quote(subject)} is neither an AMI id (ami- and 8 or 17 hexadecimal digits) nor a compose id`,
      );
    return withRecords(invocation, (records, { policy }) => {
      const tell = isAmi ? tellAmi : tellCompose;
      return tell(subject, { ...records, policy }, records.now(), invocation);
    });
  },
};

async function tellAmi(amiId: string, explainer: Explainer, now: Instant, invocation: Invocation): Promise<number> {
  const found = await explainAmi(amiId, explainer);
  const isJson = invocation.options["json"] === true;
  if (found.length > 0)
    await invocation.print(
      isJson
        ? found.map((each) => jsonLine(imageJson(each))).join("\n")
        : found.map((each) => imageText(each, now)).join("\n\n"),
    );
  else if (isJson) await invocation.print(jsonLine({ ami: amiId, known: false }));
  else
    throw new NotFoundError(
      `${amiId} is not known in any region: no message has named it, or it was deleted more than 400 days ago`,
    );
  return found.length > 0 ? 0 : 1;
}

async function tellCompose(
  composeId: string,
  explainer: Explainer,
  now: Instant,
  { options, print }: Invocation,
): Promise<number> {
  const found = await explainCompose(composeId, explainer);
  const { compose, standings, isKnown } = found;
  if (options["json"] === true) {
    const images = standings.map(standingJson);
    await print(jsonLine({ compose_id: composeId, known: isKnown, ...knowledgeJson(compose), images }));
  } else if (isKnown) await print(composeText(found, now));
  else
    throw new NotFoundError(
      `${composeId} is not known: no message has named it; its id alone says ${describeDecision(compose.decision)}`,
    );
  return isKnown ? 0 : 1;
}

function imageJson({ compose, isNewest, history, ...standing }: ImageExplanation): object {
  const { facts } = knowledgeJson(compose);
  return { ...standingJson(standing), is_newest: isNewest, facts, history: history.map(eventJson) };
}

/** The words of the image's hash in Redis, and what is decided now. */
function standingJson({ image, decision, waits }: Standing): object {
  return {
    region: image.region,
    ami: image.amiId,
    compose_id: image.composeId,
    image_name: image.imageName,
    arch: image.arch,
    stage: image.stage,
    known: true,
    ...decisionJson(decision),
    recorded: { rule: image.rule, reason: image.reason },
    uploaded_at: iso(image.uploadedAt),
    private_at: iso(image.privateAt),
    made_private_at: iso(image.madePrivateAt),
    noticed_at: iso(image.noticedAt),
    delete_at: iso(image.deleteAt),
    waits: waits === null ? null : { queue: waits.queue, until: waits.wakeAt === Infinity ? null : iso(waits.wakeAt) },
    taken_away: image.takenAway,
    snapshot_ids: image.snapshotIds,
    snapshot_results: image.snapshotResults,
    becomes: image.becomes,
    attempts: image.attempts,
    last_error: image.lastError,
    missed_looks: image.missedLooks,
    missed_since: iso(image.missedSince),
  };
}

function knowledgeJson({ facts, testimony, decision }: ComposeKnowledge): { facts: object } {
  const { types, labels, released, contradiction, location, asked } = facts;
  return {
    ...decisionJson(decision),
    facts: {
      types,
      labels,
      released,
      contradiction,
      location,
      heard: testimony.map(({ of, by, at }) => ({ of, by, at: iso(at) })),
      asked: asked.map(({ source, outcome, at }) => ({ source, outcome, at: iso(at) })),
    },
  };
}

function eventJson({ at, what, who, why, details }: ImageEvent): object {
  return { when: iso(at), what, who, why, details };
}

function iso(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at);
}
