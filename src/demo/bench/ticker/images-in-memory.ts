import type { Seen, SeenSnapshot } from "../../../domain/plan/look.ts";
import type { Images, MayCall } from "../../../ports/index.ts";

interface Resource {
  readonly tags: Record<string, string>;
  isPublic: boolean;
}
interface Standing extends Resource {
  readonly seen: Omit<Seen, "isPublic" | "tags">;
}

/** An EC2 that answers at once, with what a bench has put into it: images that stand, each on snapshots of its own. */
export class ImagesInMemory implements Images {
  readonly #account: string;
  readonly #closed: (amiId: string) => void;
  readonly #images = new Map<string, Standing>();
  readonly #snapshots = new Map<string, Resource>();

  /** `closed`: told of each image that is made private. */
  constructor(account: string, closed: (amiId: string) => void = () => undefined) {
    this.#account = account;
    this.#closed = closed;
  }

  put(amiId: string, name: string, createdAt: number): void {
    const snapshotIds = [`snap-${amiId.slice(4)}`, `snap-1${amiId.slice(5)}`];
    const seen = {
      ...{ amiId, name, createdAt, snapshotIds, ownerId: this.#account, state: "available" },
      ...{ lastLaunchedAt: null, deprecatedAt: null, sizeGiB: 5, deregistrationProtection: "disabled" },
    };
    this.#images.set(amiId, { seen, tags: {}, isPublic: true });
    for (const id of snapshotIds) this.#snapshots.set(id, { tags: {}, isPublic: true });
  }

  account = (): Promise<string> => Promise.resolve(this.#account);
  regions = (): Promise<readonly string[]> => Promise.resolve([]);
  isWayBackOpen = (): Promise<boolean> => Promise.resolve(true);
  usersOf = (): Promise<ReadonlyMap<string, readonly string[]>> => Promise.resolve(new Map());
  snapshotsOf = (): Promise<readonly SeenSnapshot[]> => Promise.resolve([]);
  isKnown = (_: string, amiId: string): Promise<boolean> => Promise.resolve(this.#images.has(amiId));

  async *tagged(): AsyncGenerator<Seen> {
    yield* await Promise.resolve([]);
  }

  async *taggedSnapshots(): AsyncGenerator<SeenSnapshot> {
    yield* await Promise.resolve([]);
  }

  look(_: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
    const found = amiIds.flatMap((amiId): [string, Seen][] => {
      const image = this.#images.get(amiId);
      return image === undefined ? [] : [[amiId, { ...image.seen, isPublic: image.isPublic, tags: image.tags }]];
    });
    return Promise.resolve(new Map(found));
  }

  snapshots(_: string, snapshotIds: readonly string[]): Promise<readonly SeenSnapshot[]> {
    return Promise.resolve(
      snapshotIds.map((snapshotId) => ({ snapshotId, tags: this.#of(snapshotId).tags, sizeGiB: 5 })),
    );
  }

  publicSnapshots(_: string, snapshotIds: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(snapshotIds.filter((id) => this.#of(id).isPublic));
  }

  imagesOn(_: string, snapshotIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return Promise.resolve(new Map(snapshotIds.map((id) => [id, [id.replace(/^snap-./, "ami-0")]])));
  }

  async tag(
    _: string,
    ids: readonly string[],
    tags: Readonly<Record<string, string>>,
    mayCall?: MayCall,
  ): Promise<void> {
    await mayCall?.();
    for (const id of ids) Object.assign(this.#of(id).tags, tags);
  }

  async untag(_: string, ids: readonly string[], keys: readonly string[], mayCall?: MayCall): Promise<void> {
    await mayCall?.();
    for (const id of ids) for (const key of keys) Reflect.deleteProperty(this.#of(id).tags, key);
  }

  closeImage = async (_: string, id: string, mayCall?: MayCall): Promise<void> => {
    await this.#set(id, false, mayCall);
    this.#closed(id);
  };
  closeSnapshot = (_: string, id: string, mayCall?: MayCall): Promise<void> => this.#set(id, false, mayCall);
  openImage = (_: string, id: string, mayCall?: MayCall): Promise<void> => this.#set(id, true, mayCall);
  openSnapshot = (_: string, id: string, mayCall?: MayCall): Promise<void> => this.#set(id, true, mayCall);

  async deregister(_: string, amiId: string, mayCall?: MayCall): Promise<"deregistered" | "gone"> {
    await mayCall?.();
    return this.#images.delete(amiId) ? "deregistered" : "gone";
  }

  async deleteSnapshot(_: string, snapshotId: string, mayCall?: MayCall): Promise<"deleted" | "gone"> {
    await mayCall?.();
    return this.#snapshots.delete(snapshotId) ? "deleted" : "gone";
  }

  async #set(id: string, isPublic: boolean, mayCall?: MayCall): Promise<void> {
    await mayCall?.();
    this.#of(id).isPublic = isPublic;
  }

  #of(id: string): Resource {
    const found = this.#images.get(id) ?? this.#snapshots.get(id);
    if (found === undefined) throw new Error(`the bench has put no ${id} there`);
    return found;
  }
}
