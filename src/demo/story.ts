import type { BusMessage } from "./judge/hearer.ts";
import { PROJECT } from "./objector.ts";
import { lagOf } from "./pace.ts";
import { FORGE_NAMES } from "./service-config.ts";
import type { Stage, Summary } from "./stage.ts";
import { count } from "../domain/markdown.ts";

const LOOK_EVERY_MS = 1_000;
/** So many kinds of violations are told. */
const MOST_KINDS = 20;

/** Tells what happens while it happens, in the words of somebody who watches EC2 and the forge. */
export class Story {
  readonly #stage: Stage;
  readonly #since: number;
  readonly #heard: readonly BusMessage[];
  readonly #ends: (() => void)[];
  #seen = 0;
  #posts = 0;
  #messages = 0;

  /** `heard`: what somebody on the bus has heard so far. */
  constructor(stage: Stage, since: number, heard: readonly BusMessage[]) {
    this.#heard = heard;
    this.#stage = stage;
    this.#since = since;
    const noticeLag = lagOf(stage.dayMs, LOOK_EVERY_MS, (line) => {
      this.tell(line);
    });
    const timer = setInterval(() => {
      noticeLag(performance.now());
      this.#look();
    }, LOOK_EVERY_MS);
    this.#ends = [
      () => {
        clearInterval(timer);
      },
    ];
  }

  tell(line: string): void {
    const day = (Date.now() - this.#since) / this.#stage.dayMs;
    this.#stage.say(`day ${day.toFixed(1).padStart(4)}  ${line}`);
  }

  showDeleteQueue(queue: readonly string[]): void {
    this.tell("the delete queue of us-east-1, as redis-cli shows it (AMI, then the second it is due):");
    const command = `ZRANGE '${this.#stage.prefix}:{us-east-1}:delete' 0 -1 WITHSCORES`;
    this.#stage.say(`          redis-cli -u ${this.#stage.redisUrl} ${command}`);
    for (const word of queue.slice(0, 4)) this.#stage.say(`          ${word}`);
    if (queue.length > 4) this.#stage.say(`          … ${queue.length / 2 - 2} more`);
  }

  end(summary: Summary): void {
    this.#look();
    const list = (counts: Readonly<Record<string, number>>): string =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    const { say } = this.#stage;
    say("");
    say(`heard     ${summary.messages} messages, ${summary.images} AMIs; ${summary.rejected} not understood, and kept`);
    say(`stages    ${list(summary.stages)}`);
    say(`rules     ${list(summary.rules)}`);
    say(`EC2 calls ${list(summary.ec2_calls)}`);
    say(`reports   ${summary.reports} posts in the day's issue, and what was said under it`);
    say(`bus       ${list(summary.bus)}`);
    for (const [index, line] of verdict(summary).entries()) say(`${index === 0 ? "verdict   " : "          "}${line}`);
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  /** What people say under a report, and what they are answered. */
  #quote(author: string, text: string): void {
    this.tell(`${FORGE_NAMES[this.#stage.forge]}: ${author} comments:`);
    for (const line of text.split("\n"))
      if (line !== "" && !line.startsWith("<!--")) this.#stage.say(`          > ${line}`);
  }

  /** One line for what EC2 was asked to change since the last look, and one for each new post. */
  #look(): void {
    const { simulator, tracking } = this.#stage;
    const fresh = simulator.journal.entries
      .slice(this.#seen)
      .filter((entry) => entry.mutating && entry.errorCode === null);
    this.#seen = simulator.journal.entries.length;
    const number = (action: string): number => fresh.filter((entry) => entry.action === action).length;
    const parts = [
      [number("ModifyImageAttribute"), "launch permissions changed"],
      [number("ModifySnapshotAttribute"), "volume permissions changed"],
      [number("DeregisterImage"), "images deregistered"],
      [number("DeleteSnapshot"), "snapshots deleted"],
    ] as const;
    const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    if (told.length > 0) this.tell(`EC2: ${told.join(", ")}`);
    const texts = tracking.tracker
      .issues(PROJECT)
      .flatMap((issue) => [issue, ...issue.comments].map((post) => ({ author: post.author, text: textOf(post) })));
    for (const { author, text } of texts.slice(this.#posts)) {
      const headings = [...text.matchAll(/^## (?<title>.+)$/gm)].map((match) => match.groups?.["title"] ?? "");
      if (text.includes("clean-amis-part:"))
        this.tell(`${FORGE_NAMES[this.#stage.forge]}: a post: ${headings.join("; ")}`);
      else this.#quote(author, text);
    }
    this.#posts = texts.length;
    const kinds = new Map<string, number>();
    for (const { kind } of this.#heard.slice(this.#messages)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    this.#messages = this.#heard.length;
    if (kinds.size > 0) this.tell(`bus: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ")}`);
  }
}

function textOf(post: { readonly content: string } | { readonly text: string }): string {
  return "content" in post ? post.content : post.text;
}

/** Violations of one fate are one: what is left of each without the image that it is about. */
function alike(violations: readonly string[]): readonly { what: string; count: number; example: string }[] {
  const groups = new Map<string, { what: string; count: number; example: string }>();
  for (const example of violations) {
    const what = example.replace(/^\S+ ami-\S+ /, "").replaceAll(/snap-\w+/g, "…");
    const group = groups.get(what) ?? { what, count: 0, example };
    groups.set(what, { ...group, count: group.count + 1 });
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}

/**
 * How it ended; violations that are alike in one line, the most first, each kind with an image that it is about.
 * @internal exported for the tests
 */
export function verdict({ violations, seconds }: Pick<Summary, "violations" | "seconds">): readonly string[] {
  if (violations.length === 0) return [`every image met its fate, in ${seconds} s`];
  const kinds = alike(violations).map(({ what, count: times, example }) =>
    times === 1 ? example : `${times} times ${what}: such as ${example.split(" (")[0] ?? ""}`,
  );
  const more = kinds.length > MOST_KINDS ? [`… and ${kinds.length - MOST_KINDS} kinds more`] : [];
  return [`${count(violations.length, "violation")} in ${seconds} s`, ...kinds.slice(0, MOST_KINDS), ...more];
}
