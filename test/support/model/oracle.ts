import type { JournalEntry } from "../../../src/demo/outside/ec2/journal.ts";
import type { ImageRecord } from "../../../src/demo/outside/ec2/state/records.ts";
import { DAY_MS, formatInstant, type Instant } from "../../../src/domain/time.ts";
import { wrongCounts } from "./counts.ts";
import { postsOn } from "./posts.ts";
import { looks, QUEUES_OF, type Subject } from "./subject.ts";
import { isEndedByOthers, mayBeGone, wrongOfVanished } from "./vanish.ts";
import { CODES_FOR_ALL, verdictOf, type Compose } from "./words.ts";
import type { World } from "../world/world.ts";

/** What a hold is answered with when it is, or will be, in force. */
export const IS_HELD = /^(?:held\b|being given back to the public$|it is just being deleted$)/;

/** A hold by a person; `to` is its end, as far as it is known. */
interface Span {
  readonly from: Instant;
  to: Instant;
}

/**
 * Knows what must never happen, from the design and from what the world said, and looks for it in the books of EC2 and Pagure.
 * It asks no code of the service, and believes the service's own record of nothing but its stage and queue.
 */
export class Oracle {
  readonly subjects: Subject[] = [];
  readonly wrong: string[] = [];
  readonly #world: World;
  readonly #said = new Map<Compose, Set<string>>();
  readonly #released = new Set<Compose>();
  readonly #holds = new Map<Subject | Compose, Span[]>();
  #read = 0;

  constructor(world: World) {
    this.#world = world;
  }

  say(compose: Compose, label: string): void {
    this.#said.set(compose, (this.#said.get(compose) ?? new Set()).add(label));
  }

  release(compose: Compose): void {
    this.#released.add(compose);
  }

  /** The latest word on a hold stands; null: it is over. */
  hold(what: Subject | Compose, until: Instant | null): void {
    const now = this.#world.clock.now();
    const spans = this.#holds.get(what) ?? [];
    const last = spans.at(-1);
    if (last !== undefined) last.to = Math.min(last.to, now);
    if (until !== null) spans.push({ from: now, to: until });
    this.#holds.set(what, spans);
  }

  /** What was ordered from now on is lost with Redis; what this returns makes the oracle forget it as well. */
  mark(): () => void {
    const holds = [...this.#holds].map(([what, spans]) => [what, spans.map((span) => ({ ...span }))] as const);
    return () => {
      this.#holds.clear();
      for (const [what, spans] of holds) this.#holds.set(what, spans);
    };
  }

  verdict({ compose, isContradicted, isOver }: Subject): "delete" | "keep" | null {
    if (isOver) return "delete";
    if (isContradicted) return "keep";
    return verdictOf(compose, this.#said.get(compose) ?? new Set(), this.#released.has(compose));
  }

  image({ region, amiId }: Subject): ImageRecord {
    const image = this.#world.simulator.image(region, amiId);
    if (image === null) throw new Error(`the simulator lost ${amiId}`);
    return image;
  }

  /** Everything that must hold at any moment. */
  async check(): Promise<void> {
    const { entries } = this.#world.simulator.journal;
    for (const entry of entries.slice(this.#read)) this.#checkCall(entry);
    this.#read = entries.length;
    for (const subject of this.subjects) {
      this.#checkState(subject);
      await this.#checkRecord(subject);
    }
    this.wrong.push(...(await wrongCounts(this.#world, this.subjects)));
  }

  /** Everything that must have come true once all trouble is over. */
  checkEnd(): void {
    for (const subject of this.subjects) {
      if (isEndedByOthers(subject)) {
        const wrong = wrongOfVanished(subject, this.#world);
        if (wrong !== null) this.#tell(subject, wrong);
        continue;
      }
      const standsFor = this.verdict(subject) ?? "keep";
      if (standsFor === "delete" && !this.isDeleted(subject))
        this.#tell(subject, "is not deleted with all its snapshots");
      if (standsFor === "keep" && !this.isAsBefore(subject))
        this.#tell(subject, `is not as it was uploaded: ${this.#looks(subject)}`);
      const told = this.#posts("Deleted", subject.amiId).length;
      if (standsFor === "delete" && told !== 1) this.#tell(subject, `was told ${told} times to be deleted`);
    }
  }

  /** Whether the story of every image is over. */
  isOver(): boolean {
    return this.subjects.every((subject) => {
      if (isEndedByOthers(subject)) return wrongOfVanished(subject, this.#world) === null;
      if (this.verdict(subject) !== "delete") return this.isAsBefore(subject);
      return this.isDeleted(subject) && this.#posts("Deleted", subject.amiId).length > 0;
    });
  }

  isDeleted(subject: Subject): boolean {
    const left = subject.snapshots.filter(({ id }) => this.#world.simulator.snapshot(subject.region, id) !== null);
    return this.image(subject).state === "deregistered" && left.length === 0;
  }

  isAsBefore(subject: Subject): boolean {
    return this.#looks(subject) === [subject.before, ...subject.snapshots].map(looks).join();
  }

  #looks({ region, amiId, snapshots }: Subject): string {
    const { simulator } = this.#world;
    return [simulator.image(region, amiId), ...snapshots.map(({ id }) => simulator.snapshot(region, id))]
      .map(looks)
      .join();
  }

  #checkCall({ effect, at }: JournalEntry): void {
    if (effect === null) return;
    const of = (id: string): Subject | undefined =>
      this.subjects.find(({ amiId, snapshots }) => amiId === id || snapshots.some((snapshot) => snapshot.id === id));
    switch (effect.kind) {
      case "image-permission":
      case "snapshot-permission": {
        const subject = of(effect.kind === "image-permission" ? effect.imageId : effect.snapshotId);
        if (subject === undefined) this.wrong.push(`a call changed a thing of nobody's: ${JSON.stringify(effect)}`);
        else if (!effect.isPublic) this.#checkClosed(subject, at);
        break;
      }
      case "image-deregistered": {
        const subject = of(effect.imageId);
        if (subject !== undefined) this.#checkDeregistered(subject, at);
        break;
      }
      case "snapshot-deleted": {
        const subject = of(effect.snapshotId);
        if (subject === undefined) break;
        if (subject.isTaken || this.image(subject).state !== "deregistered")
          this.#tell(subject, `lost ${effect.snapshotId}, and we had not deregistered it`);
        break;
      }
      case "tags":
      case "image-description":
      case "image-state":
      case "image-protection":
      case "block-public-access":
      case "usage-report":
    }
  }

  #checkClosed(subject: Subject, at: Instant): void {
    this.#checkMayTouch(subject, at, "made private");
    if (at < subject.uploadedAt + 5 * DAY_MS) this.#tell(subject, "was made private within five days of its upload");
    subject.closedAt ??= at;
  }

  #checkDeregistered(subject: Subject, at: Instant): void {
    this.#checkMayTouch(subject, at, "deregistered");
    subject.isOver = true;
    const { amiId, closedAt } = subject;
    const noticed = this.#posts("Made private", amiId).find(
      (posted) => closedAt !== null && posted >= closedAt && posted <= at,
    );
    if (noticed === undefined) this.#tell(subject, "was deregistered without public notice");
    else if (at < noticed + 10 * DAY_MS)
      this.#tell(
        subject,
        `was deregistered ${(at - noticed) / DAY_MS} days after the notice of ${formatInstant(noticed)}`,
      );
    for (const { to } of this.#spansOf(subject))
      if (at < to + 3 * DAY_MS) this.#tell(subject, `was deregistered within three days of the end of a hold`);
  }

  #checkMayTouch(subject: Subject, at: Instant, what: string): void {
    const verdict = this.verdict(subject);
    if (subject.stage === "gone") this.#tell(subject, `was ${what} after it was called gone`);
    if (verdict !== "delete") this.#tell(subject, `was ${what}, and ${verdict ?? "nobody knows what it is"}`);
    if (this.#spansOf(subject).some(({ from, to }) => from <= at && at < to))
      this.#tell(subject, `was ${what} under a hold`);
  }

  #spansOf(subject: Subject): readonly Span[] {
    return [...(this.#holds.get(subject) ?? []), ...(this.#holds.get(subject.compose) ?? [])];
  }

  #checkState(subject: Subject): void {
    const { region, before, snapshots } = subject;
    const image = this.image(subject);
    const isStanding = image.state === "available";
    const isPrivate = before.permission.isPublic && !image.permission.isPublic;
    if (isStanding && isPrivate && !("clean-amis:intent" in image.tags))
      this.#tell(subject, "is private without our tag");
    let isClosed = isPrivate;
    for (const { id, permission } of snapshots) {
      const snapshot = this.#world.simulator.snapshot(region, id);
      if (snapshot === null && isStanding) this.#tell(subject, `lost ${id} while it stands`);
      if (snapshot === null || !permission.isPublic || snapshot.permission.isPublic) continue;
      isClosed = true;
      if (!("clean-amis:intent" in snapshot.tags)) this.#tell(subject, `has ${id} private without our tag`);
    }
    if (isStanding && !isClosed) subject.closedAt = null;
    const shares = JSON.stringify([image.permission.userIds, image.permission.organizationArns]);
    if (shares !== JSON.stringify([before.permission.userIds, before.permission.organizationArns]))
      this.#tell(subject, "lost an explicit share");
  }

  async #checkRecord(subject: Subject): Promise<void> {
    const { redis, keys } = this.#world.connection;
    const { region, amiId } = subject;
    const names = ["unresolved", "private", "delete", "restore", "held"] as const;
    const [[stage, lastError], ...scores] = await Promise.all([
      redis.hmget(keys.image(region, amiId), "stage", "last_error"),
      ...names.map((name) => redis.zscore(keys.queue(region, name), amiId)),
    ]);
    const waits = names.filter((_, index) => scores[index] != null).join("+");
    if (!(QUEUES_OF[stage ?? ""] ?? []).includes(waits))
      this.#tell(subject, `has stage ${String(stage)} and waits in [${waits}]`);
    if (!mayBeGone(subject, stage ?? "")) this.#tell(subject, "is called gone, and is not");
    subject.stage = stage ?? "";
    const blamed = CODES_FOR_ALL.find((code) => lastError?.includes(code));
    if (blamed !== undefined) this.#tell(subject, `is blamed for what concerns all of them: ${blamed}`);
    if (stage === "deleted" && !this.isDeleted(subject))
      this.#tell(subject, "is called deleted, and something is left");
    const isGone = this.image(subject).state === "deregistered";
    if (isGone && !subject.isTaken && stage !== "deleting" && stage !== "deleted")
      this.#tell(subject, `is deregistered with stage ${String(stage)}`);
  }

  #posts(heading: string, amiId: string): readonly Instant[] {
    return postsOn(this.#world, heading, amiId);
  }

  #tell({ region, amiId, compose }: Subject, what: string): void {
    this.wrong.push(`${formatInstant(this.#world.clock.now())} ${region} ${amiId} of ${compose.id} ${what}`);
  }
}
