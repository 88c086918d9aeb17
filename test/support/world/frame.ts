import { NOW } from "./image.ts";
import { DAY_MS } from "../../../src/domain/time.ts";

/** A post with nothing beside its events. */
export const FRAME = {
  day: "2026-02-11",
  marker: "clean-amis-part:0123",
  now: NOW,
  deleteAfterMs: 10 * DAY_MS,
  outlook: null,
  quietSince: null,
  repeats: new Map(),
  replacements: new Map(),
  mostRows: 60,
};
