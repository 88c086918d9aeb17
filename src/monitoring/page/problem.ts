import { html } from "./html.ts";
import { pageAnswer } from "./shell.ts";
import type { Answer, Problem } from "../answer.ts";

/** A problem for people. */
export function problemPage({ status, title, message, headers }: Problem): Answer {
  const answer = pageAnswer({ title: `${title} (${status})`, main: html`<p>${message}.</p>`, status });
  return { ...answer, headers };
}
