import { jsonAnswer, Problem, type Answer } from "../answer.ts";
import { publicCompose, publicEvent, publicExplanation, publicImage } from "../public.ts";
import type { Asked, Route } from "../routes.ts";
import { eventCursorOf, eventCursorText, queueCursorOf, queueCursorText } from "./cursor.ts";
import { amiOf, composeOf, kindOf, optional, regionOf, sinceOf, stageOf, withinOf } from "./parameters.ts";
import { openApi } from "./openapi.ts";
import { DAY_MS } from "../../domain/time.ts";
import { readEventPage } from "../../inspect/event-page.ts";
import {
  explainAmi,
  explainCompose,
  MOST_OF_COMPOSE,
  type Explainer,
  type ImageExplanation,
} from "../../inspect/explain.ts";
import { composeJson, eventJson, imageJson, listedJson } from "../../inspect/json.ts";
import { readQueuePage } from "../../inspect/queue-page.ts";
import type { QueueReader } from "../../inspect/queue.ts";
import type { Journal } from "../../ports/index.ts";

/** Who answers programs. */
export interface ApiReader extends Omit<Explainer, "journal"> {
  readonly queues: QueueReader["queues"];
  readonly journal: Explainer["journal"] & Pick<Journal, "after">;
  /** Told what of ours cannot be read: names of keys are for operators. */
  readonly tell: (problem: string) => void;
  /** The figures, as `schemas/queue-stats.json` has them, fit for the public. Throws `UpstreamError`. */
  readonly stats: () => Promise<object>;
}

const PAGE = 100;

/** Everything below `/api/v1/`: what the command line prints with `--json`, in the same shapes, as far as it is public. */
export function apiRoutes(reader: ApiReader): readonly Route[] {
  const route = (path: string, parameters: readonly string[], answer: (asked: Asked) => Promise<Answer>): Route => ({
    path: `/api/v1/${path}`,
    parameters,
    answer,
  });
  return [
    route("images/{ami}", [], async ({ words }) => image(amiOf(words["ami"] ?? ""), null, reader)),
    route("images/{region}/{ami}", [], async ({ words }) =>
      image(amiOf(words["ami"] ?? ""), regionOf(words["region"] ?? ""), reader),
    ),
    route("composes/{id}", [], async ({ words }) => compose(composeOf(words["id"] ?? ""), reader)),
    route("queue", ["stage", "region", "due_within", "after"], ({ query }) => queue(query, reader)),
    route("events", ["since", "kind", "after"], ({ query }) => events(query, reader)),
    route("stats", [], async () => jsonAnswer(await reader.stats())),
    route("openapi.json", [], () => Promise.resolve(jsonAnswer(openApi()))),
  ];
}

async function image(amiId: string, region: string | null, reader: ApiReader): Promise<Answer> {
  const all = await explainAmi(amiId, reader);
  const found = all.filter((each) => region === null || each.image.region === region).map(publicExplanation);
  if (found.length === 0)
    throw new Problem(404, "Not Found", "no message has named it, or it was deleted more than 400 days ago");
  return jsonAnswer(
    region === null ? { ami: amiId, images: found.map(imageJson) } : imageJson(found[0] as ImageExplanation),
  );
}

async function compose(composeId: string, reader: ApiReader): Promise<Answer> {
  const found = await explainCompose(composeId, reader, MOST_OF_COMPOSE);
  if (!found.isKnown) throw new Problem(404, "Not Found", "no message has named it");
  return jsonAnswer(composeJson(composeId, publicCompose(found)));
}

async function queue(query: URLSearchParams, reader: ApiReader): Promise<Answer> {
  const stage = optional(query, "stage", stageOf);
  const region = optional(query, "region", regionOf);
  const within = optional(query, "due_within", withinOf);
  const filter = {
    regions: region === null ? null : [region],
    stages: stage === null ? null : [stage],
    composeId: null,
    dueBy: within === null ? null : reader.now() + within,
    isHeld: false,
    isRefused: false,
  };
  const after = optional(query, "after", queueCursorOf);
  const { listed, next } = await readQueuePage(filter, after, PAGE, reader, reader.tell);
  const images = listed.map(({ image, strange, ...place }) =>
    listedJson({
      ...place,
      image: image === null ? null : publicImage(image),
      strange: strange && "it cannot be read",
    }),
  );
  return jsonAnswer({ images, next: next === null ? null : queueCursorText(next) });
}

async function events(query: URLSearchParams, reader: ApiReader): Promise<Answer> {
  const now = reader.now();
  const asked = {
    kind: optional(query, "kind", kindOf),
    since: optional(query, "since", (text) => sinceOf(text, now)) ?? now - DAY_MS,
  };
  const after = optional(query, "after", eventCursorOf);
  const { events: found, next } = await readEventPage(asked, after, PAGE, reader, reader.tell);
  return jsonAnswer({
    events: found.map((event) => eventJson(publicEvent(event))),
    next: next === null ? null : eventCursorText(next),
  });
}
