import type { Decision } from "../domain/compose/classify.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import { formatInstant, isDate, type Instant } from "../domain/time.ts";
import type { ComposeExplanation, ComposeKnowledge, ImageExplanation, Standing } from "./explain.ts";
import type { Listed } from "./queue.ts";

/** An instant as programs read it; null for what no calendar has. */
export function iso(at: Instant | null): string | null {
  return at === null || !isDate(at) ? null : formatInstant(at);
}

/** A decision as programs read it; `rule` is null for an unresolved one. */
export function decisionJson(decision: Decision): { decision: string; rule: string | null; reason: string } {
  const rule = decision.kind === "unresolved" ? null : decision.rule;
  return { decision: decision.kind, rule, reason: decision.reason };
}

/** What `schemas/event.json` describes. */
export function eventJson(event: ImageEvent): object {
  return { id: event.id, when: iso(event.at), ...tellingJson(event) };
}

/** What an event tells, as it stands in every JSON line of one. */
export function tellingJson({ what, who, why, region, amiId, composeId, imageName, details }: ImageEvent): object {
  return { what, who, why, region, ami: amiId, compose_id: composeId, image_name: imageName, details };
}

/** What `schemas/queue.json` describes. */
export function listedJson({ region, amiId, queue, wakeAt, image, strange }: Listed): object {
  const place = { region, ami: amiId, queue, due_at: iso(wakeAt) };
  if (image === null) return { ...place, stage: null, problem: strange };
  const { hold } = image;
  return {
    ...place,
    stage: image.stage,
    compose_id: image.composeId,
    image_name: image.imageName,
    arch: image.arch,
    rule: image.rule,
    reason: image.reason,
    uploaded_at: iso(image.uploadedAt),
    private_at: iso(image.privateAt),
    made_private_at: iso(image.madePrivateAt),
    noticed_at: iso(image.noticedAt),
    delete_at: iso(image.deleteAt),
    hold: hold === null ? null : { by: hold.by, why: hold.why, since: iso(hold.since), until: iso(hold.until) },
    refusal: refusalOf(image),
    last_error: image.lastError,
    attempts: image.attempts,
    problem: null,
  };
}

/** The same of an image that was asked for by its id or its compose's. */
export function waitingJson({ image, waits }: Standing): object {
  const { region, amiId } = image;
  return listedJson({
    region,
    amiId,
    image,
    strange: null,
    queue: waits?.queue ?? null,
    wakeAt: waits?.wakeAt ?? Infinity,
  });
}

/** A compose with its images, as programs read it. */
export function composeJson(composeId: string, { compose, standings, isMore, isKnown }: ComposeExplanation): object {
  const images = standings.map(standingJson);
  return { compose_id: composeId, known: isKnown, ...knowledgeJson(compose), images, more: isMore };
}

/** An image with its history, as programs read it. */
export function imageJson({ compose, isNewest, replacement, history, unread, ...standing }: ImageExplanation): object {
  const { facts } = knowledgeJson(compose);
  return {
    ...standingJson(standing),
    is_newest: isNewest,
    replacement:
      replacement === null
        ? null
        : { ami: replacement.amiId, compose_id: replacement.composeId, image_name: replacement.imageName },
    facts,
    history: history.map(happeningJson),
    history_unread: unread === null ? null : { from: iso(unread.from), to: iso(unread.to) },
  };
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

function happeningJson({ at, what, who, why, details }: ImageEvent): object {
  return { when: iso(at), what, who, why, details };
}
