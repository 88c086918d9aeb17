/** What the use cases need of the outside, a file for each side of it; `adapters/` has what fulfils it. */
export * from "./messages.ts";
export type * from "./images.ts";
export * from "./reports.ts";
export type * from "./facts.ts";
export type * from "./schedule.ts";
export type * from "./places.ts";
export type * from "./counts.ts";
export type * from "./journal.ts";
export type * from "./orders.ts";
export type * from "./limits.ts";
export * from "./system.ts";
export * from "./comments.ts";
export type * from "./checkup.ts";
