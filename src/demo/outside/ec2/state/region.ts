import { snapshotIdsOf } from "./records.ts";
import type { ImageRecord, InstanceRecord, RegionSettings, SnapshotRecord, UsageReportRecord } from "./records.ts";
import { TokenBuckets } from "./throttling.ts";
import { imagesNotFound, imageNotOurs, imageUnavailable, snapshotNotFound } from "../wire/errors.ts";

/** "Terminate Amazon EC2 instances": a terminated one stays visible for a short while, usually less than an hour. */
const TERMINATED_SHOWN_MS = 60 * 60 * 1000;

interface Version {
  readonly since: number;
  readonly image: ImageRecord;
}

const DEFAULT_SETTINGS: RegionSettings = {
  blockPublicAccess: "unblocked",
  describeImagesStaleMs: 0,
  unseen: [],
  forgetAfterMs: 60 * 60 * 1000,
  snapshotReleaseMs: 0,
  usageReportMs: 60 * 1000,
  throttling: false,
  optIn: "opted-in",
  closedAs: "OptInRequired",
};

/**
 * Images, snapshots and instances of one region. Records are never changed in place: each change of an image is a new
 * version.
 */
export class Region {
  readonly name: string;
  settings: RegionSettings;
  readonly buckets = new TokenBuckets();
  /** By their ids, removed ones too. */
  readonly usageReports = new Map<string, UsageReportRecord>();
  readonly #images = new Map<string, Version[]>();
  readonly #snapshots = new Map<string, SnapshotRecord>();
  readonly #instances = new Map<string, InstanceRecord>();

  constructor(name: string, settings: Partial<RegionSettings>) {
    this.name = name;
    this.settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  image(id: string): ImageRecord | null {
    return this.#images.get(id)?.at(-1)?.image ?? null;
  }

  images(): readonly ImageRecord[] {
    return [...this.#images.keys()].flatMap((id) => this.image(id) ?? []);
  }

  /** The images as DescribeImages knows them: as they were `describeImagesStaleMs` ago, without those that it does not show. */
  describedImages(now: number): readonly ImageRecord[] {
    const { describeImagesStaleMs, unseen } = this.settings;
    if (unseen === "all") return [];
    const seenAt = now - describeImagesStaleMs;
    return [...this.#images.values()]
      .flatMap((versions) => versions.findLast((version) => version.since <= seenAt)?.image ?? [])
      .filter(({ id }) => !unseen.includes(id));
  }

  putImage(image: ImageRecord, since: number): void {
    const versions = this.#images.get(image.id);
    if (versions === undefined) this.#images.set(image.id, [{ since, image }]);
    else versions.push({ since, image });
  }

  removeImage(id: string): void {
    this.#images.delete(id);
  }

  snapshot(id: string): SnapshotRecord | null {
    return this.#snapshots.get(id) ?? null;
  }

  snapshots(): readonly SnapshotRecord[] {
    return [...this.#snapshots.values()];
  }

  putSnapshot(snapshot: SnapshotRecord): void {
    this.#snapshots.set(snapshot.id, snapshot);
  }

  removeSnapshot(id: string): void {
    this.#snapshots.delete(id);
  }

  instance(id: string): InstanceRecord | null {
    return this.#instances.get(id) ?? null;
  }

  putInstance(instance: InstanceRecord): void {
    this.#instances.set(instance.id, instance);
  }

  /** The instances that EC2 still shows. */
  describedInstances(now: number): readonly InstanceRecord[] {
    return [...this.#instances.values()].filter(
      ({ terminatedAt }) => terminatedAt === null || now < terminatedAt + TERMINATED_SHOWN_MS,
    );
  }

  /** True once EC2 has forgotten that the image ever was. */
  isForgotten(image: ImageRecord, now: number): boolean {
    return image.deregisteredAt !== null && now >= image.deregisteredAt + this.settings.forgetAfterMs;
  }

  /** An image that the account sees and that is not deregistered; otherwise EC2's refusal. */
  visibleImage(id: string, account: string, now: number): ImageRecord {
    const image = this.image(id);
    if (image === null || this.isForgotten(image, now) || !isVisible(image, account)) throw imagesNotFound([id]);
    if (image.state === "deregistered") throw imageUnavailable(id);
    return image;
  }

  /** An image that the account may change; otherwise EC2's refusal. */
  ownImage(id: string, account: string, now: number): ImageRecord {
    const image = this.visibleImage(id, account, now);
    if (image.ownerId !== account) throw imageNotOurs(id);
    return image;
  }

  /** Another account's snapshot is as good as none (API_DescribeSnapshots leaves it out). */
  ownSnapshot(id: string, account: string): SnapshotRecord {
    const snapshot = this.snapshot(id);
    if (snapshot?.ownerId !== account) throw snapshotNotFound(id);
    return snapshot;
  }

  /** An image that keeps the snapshot from being deleted, or null. A disabled image does, too (disable-an-ami). */
  userOf(snapshotId: string, now: number): ImageRecord | null {
    const holds = (image: ImageRecord): boolean =>
      image.deregisteredAt === null || now < image.deregisteredAt + this.settings.snapshotReleaseMs;
    return this.images().find((image) => holds(image) && snapshotIdsOf(image).includes(snapshotId)) ?? null;
  }
}

/** API_DescribeImages: public ones, those that we own, those that are shared with us. */
export function isVisible(thing: ImageRecord | SnapshotRecord, account: string): boolean {
  return thing.ownerId === account || thing.permission.isPublic || thing.permission.userIds.includes(account);
}
