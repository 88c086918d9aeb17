import { DAY_MS, type Instant } from "../../../src/domain/time.ts";
import type { Dice } from "../random/mutate.ts";
import { toldIn } from "./balance/page.ts";
import type { Published } from "./press.ts";
import { OPERATOR, PROJECT } from "./doubles.ts";
import type { Stage } from "./stage.ts";

/** One in so many days somebody complains; every so many complaints want the image back. */
const COMPLAINT_DAYS = 3;
const RESTORE_OF = 4;
/** No complaint is settled sooner; then one of so many is, each day. */
const SETTLED_AFTER_DAYS = 6;
const SETTLED_OF = 20;

/** Who reads the reports and complains, and who runs the service and settles it. */
export class People {
  readonly #stage: Stage;
  readonly #dice: Dice;
  readonly #images = new Map<string, Published>();
  /** Wanted back by somebody, and not given back yet. */
  #wanted: Published[] = [];
  #readUntil: Instant = 0;
  complaints = 0;
  resumes = 0;

  constructor(stage: Stage, dice: Dice) {
    this.#stage = stage;
    this.#dice = dice;
  }

  know(images: readonly Published[]): void {
    for (const image of images) this.#images.set(image.amiId, image);
  }

  /** Somebody reads what was told since the last time, and misses an image of it. */
  complain(): void {
    const { forge, time } = this.#stage;
    const isNew = ({ createdAt }: { readonly createdAt: Instant }): boolean => createdAt > this.#readUntil;
    const issues = forge.tracker.issues(PROJECT).filter((issue) => [issue, ...issue.comments].some(isNew));
    const told = toldIn(issues).filter(({ at, section }) => at > this.#readUntil && section === "Made private");
    this.#readUntil = time.now();
    if (told.length === 0 || this.#dice.roll(COMPLAINT_DAYS) > 0) return;
    const { amiId, issueId } = this.#dice.pick(told);
    const image = this.#images.get(amiId);
    if (image === undefined || image.compose.fate === "kept") return;
    const verb = this.#dice.roll(RESTORE_OF) === 0 ? "restore" : "hold";
    this.complaints += 1;
    forge.tracker.comment(PROJECT, issueId, "somebody", `${verb} ${amiId} because our installer tests start from it`);
    image.holds.push({ from: time.now(), to: null });
    if (verb === "restore") this.#wanted.push(image);
  }

  /** An operator lets go on what a budget stopped, gives back what was asked for, and releases what is no more needed. */
  async operate(): Promise<void> {
    const { records, time } = this.#stage;
    const now = time.now();
    this.resumes += (await records.budgets.resume(["private", "delete"], now)).length;
    for (const image of this.#wanted.splice(0)) await this.#order("restore", image);
    for (const image of this.#images.values()) {
      const hold = image.holds.at(-1);
      if (hold?.to !== null || now - hold.from < SETTLED_AFTER_DAYS * DAY_MS || this.#dice.roll(SETTLED_OF) > 0)
        continue;
      hold.to = now;
      await this.#order("release", image);
    }
  }

  /** Redis forgot what was released: the old comments count again, and hold what still stands, until it is released once more. */
  relapse(): void {
    const now = this.#stage.time.now();
    for (const image of this.#images.values())
      if (image.holds.at(-1)?.to != null && this.#stage.remainsOf(image).image?.state === "available")
        image.holds.push({ from: now, to: null });
  }

  async #order(verb: "restore" | "release", { region, amiId }: Published): Promise<void> {
    const { records, time } = this.#stage;
    const words = { verb, by: OPERATOR, why: "as was agreed", until: null, at: time.now(), composeId: null };
    await records.orders.add({ ...words, images: [{ region, amiId }] });
  }
}
