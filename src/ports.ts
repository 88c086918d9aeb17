/** What the use cases need of the outside, a file for each side of it; `adapters/` has what fulfils it. */
export type * from "./ports/bus.ts";
export type * from "./ports/images.ts";
export * from "./ports/reports.ts";
export type * from "./ports/facts.ts";
export type * from "./ports/schedule.ts";
export type * from "./ports/queues.ts";
export type * from "./ports/journal.ts";
export type * from "./ports/requests.ts";
export type * from "./ports/budgets.ts";
export type * from "./ports/breakers.ts";
export type * from "./ports/process.ts";
export type * from "./ports/objections.ts";
export * from "./ports/pulse.ts";
export type * from "./ports/inspection.ts";
