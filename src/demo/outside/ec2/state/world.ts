import type {
  Device,
  ImageRecord,
  InstanceRecord,
  NewImage,
  NewInstance,
  NewSnapshot,
  RegionSettings,
  SnapshotRecord,
} from "./records.ts";
import { Region } from "./region.ts";

/** All regions, and the way to put things into them past the API. */
export class World {
  readonly #now: () => number;
  readonly #ownerId: string;
  readonly #settings: Partial<RegionSettings>;
  readonly #names: readonly string[] | null;
  readonly #regions = new Map<string, Region>();
  #lastId = 0;

  /** `settings` are those that every region begins with; `names` are all regions, null where any name is one. */
  constructor(now: () => number, ownerId: string, settings: Partial<RegionSettings>, names: readonly string[] | null) {
    this.#now = now;
    this.#ownerId = ownerId;
    this.#settings = settings;
    this.#names = names;
  }

  hasRegion(name: string): boolean {
    return this.#names?.includes(name) !== false;
  }

  /** All of them; where any name is one, those that were named so far. */
  regions(): readonly Region[] {
    const names = this.#names ?? [...this.#regions.keys()];
    return [...names].sort().map((name) => this.region(name));
  }

  /** Throws where there is none of the name. */
  region(name: string): Region {
    if (!this.hasRegion(name)) throw new Error(`The EC2 simulator has no region ${name}.`);
    const known = this.#regions.get(name);
    if (known !== undefined) return known;
    const region = new Region(name, this.#settings);
    this.#regions.set(name, region);
    return region;
  }

  addSnapshot(regionName: string, wanted: NewSnapshot): SnapshotRecord {
    const region = this.region(regionName);
    const id = wanted.id ?? this.#newId("snap");
    if (region.snapshot(id) !== null) throw new Error(`There is a snapshot ${id} in ${regionName} already.`);
    const snapshot: SnapshotRecord = {
      id,
      ownerId: wanted.ownerId ?? this.#ownerId,
      description: wanted.description ?? "",
      state: wanted.state ?? "completed",
      startedAt: wanted.startedAt ?? this.#now(),
      sizeGiB: wanted.sizeGiB ?? 5,
      permission: { isPublic: wanted.isPublic ?? false, userIds: wanted.userIds ?? [] },
      tags: wanted.tags ?? {},
      keptBy: wanted.keptBy ?? null,
    };
    region.putSnapshot(snapshot);
    return snapshot;
  }

  /** DescribeImages shows it at once, however stale its answers are. */
  addImage(regionName: string, wanted: NewImage): ImageRecord {
    const region = this.region(regionName);
    const id = wanted.id ?? this.#newId("ami");
    if (region.image(id) !== null) throw new Error(`There is an image ${id} in ${regionName} already.`);
    const isPublic = wanted.isPublic ?? true;
    const image: ImageRecord = {
      id,
      name: wanted.name ?? id,
      description: wanted.description ?? null,
      ownerId: wanted.ownerId ?? this.#ownerId,
      state: wanted.state ?? "available",
      createdAt: wanted.createdAt ?? this.#now(),
      architecture: wanted.architecture ?? "x86_64",
      permission: {
        isPublic,
        userIds: wanted.userIds ?? [],
        organizationArns: wanted.organizationArns ?? [],
        organizationalUnitArns: wanted.organizationalUnitArns ?? [],
      },
      tags: wanted.tags ?? {},
      devices: this.#devices(region, { snapshots: [{ isPublic }], ...wanted }),
      deprecatedAt: wanted.deprecatedAt ?? null,
      lastLaunchedAt: wanted.lastLaunchedAt ?? null,
      deregistrationProtection: wanted.deregistrationProtection ?? "disabled",
      protectedUntil: null,
      deregisteredAt: wanted.state === "deregistered" ? this.#now() : null,
      references: wanted.references ?? [],
      usedBy: wanted.usedBy ?? [],
    };
    region.putImage(image, Number.NEGATIVE_INFINITY);
    return image;
  }

  addInstance(regionName: string, wanted: NewInstance): InstanceRecord {
    const region = this.region(regionName);
    const id = wanted.id ?? this.#newId("i");
    if (region.instance(id) !== null) throw new Error(`There is an instance ${id} in ${regionName} already.`);
    const instance: InstanceRecord = {
      id,
      imageId: wanted.imageId,
      ownerId: wanted.ownerId ?? this.#ownerId,
      state: wanted.state ?? "running",
      launchedAt: wanted.launchedAt ?? this.#now(),
      terminatedAt: wanted.state === "terminated" ? this.#now() : null,
      tags: wanted.tags ?? {},
    };
    region.putInstance(instance);
    return instance;
  }

  changeInstance(regionName: string, id: string, changes: Partial<Omit<InstanceRecord, "id">>): InstanceRecord {
    const region = this.region(regionName);
    const instance = region.instance(id);
    if (instance === null) throw new Error(`There is no instance ${id} in ${regionName}.`);
    const terminatedAt = changes.state === "terminated" ? this.#now() : instance.terminatedAt;
    const changed = { ...instance, terminatedAt, ...changes };
    region.putInstance(changed);
    return changed;
  }

  changeImage(regionName: string, id: string, changes: Partial<Omit<ImageRecord, "id">>): ImageRecord {
    const region = this.region(regionName);
    const image = region.image(id);
    if (image === null) throw new Error(`There is no image ${id} in ${regionName}.`);
    const deregisteredAt = changes.state === "deregistered" ? this.#now() : image.deregisteredAt;
    const changed = { ...image, deregisteredAt, ...changes };
    region.putImage(changed, this.#now());
    return changed;
  }

  changeSnapshot(regionName: string, id: string, changes: Partial<Omit<SnapshotRecord, "id">>): SnapshotRecord {
    const region = this.region(regionName);
    const snapshot = region.snapshot(id);
    if (snapshot === null) throw new Error(`There is no snapshot ${id} in ${regionName}.`);
    const changed = { ...snapshot, ...changes };
    region.putSnapshot(changed);
    return changed;
  }

  #devices(region: Region, wanted: NewImage): readonly Device[] {
    const snapshots = (wanted.snapshots ?? []).map((snapshot) => {
      if (typeof snapshot !== "string")
        return this.addSnapshot(region.name, { ...(wanted.ownerId ? { ownerId: wanted.ownerId } : {}), ...snapshot });
      const known = region.snapshot(snapshot);
      if (known === null) throw new Error(`There is no snapshot ${snapshot} in ${region.name}.`);
      return known;
    });
    const volumes = snapshots.map(({ id, sizeGiB }, index): Device => {
      const deviceName = index === 0 ? "/dev/sda1" : deviceLetter(index);
      return { kind: "ebs", deviceName, snapshotId: id, sizeGiB };
    });
    const disks = Array.from({ length: wanted.ephemeralDevices ?? 0 }, (_, index): Device => {
      const deviceName = deviceLetter(Math.max(volumes.length, 1) + index);
      return { kind: "ephemeral", deviceName, virtualName: `ephemeral${index}` };
    });
    return [...volumes, ...disks];
  }

  /** Seventeen digits, as EC2's long ids; counted, so that a story reads the same each time. */
  #newId(prefix: "ami" | "snap" | "i"): string {
    this.#lastId += 1;
    return `${prefix}-0${this.#lastId.toString(16).padStart(16, "0")}`;
  }
}

function deviceLetter(index: number): string {
  return `/dev/sd${"abcdefghijklmnopqrstuvwxyz".charAt(index)}`;
}
