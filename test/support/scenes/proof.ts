import { snapshotIdsOf } from "../../../src/demo/outside/ec2/state/records.ts";
import type { JournalEntry as Post } from "../../../src/demo/outside/forge.ts";
import type { World } from "../world/world.ts";

/** An image put into EC2, and the message that announces it. */
export interface Upload {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  readonly message: object;
}

/** Puts the nightly of a day, as one image with two snapshots in each region, into EC2; all of it is public. */
export function addCompose(world: World, day: string, regions: readonly string[]): readonly Upload[] {
  const composeId = `Fedora-Rawhide-${day}.n.0`;
  const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.0`;
  return regions.map((region, index) => {
    const tail = `${day}${String(index + 1).padStart(9, "0")}`;
    const amiId = `ami-${tail}`;
    const snapshots = ["a", "b"].map((first) => ({ id: `snap-${first}${tail.slice(1)}`, isPublic: true }));
    world.simulator.addImage(region, { id: amiId, name, snapshots });
    const message = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [region]: amiId } };
    return { region, amiId, composeId, message };
  });
}

/** How often the public reads of an image under a heading. */
export function sightings(world: World, heading: string, amiId: string): number {
  const sections = world.posts().flatMap((text) => text.split(/\n(?=## )/));
  return sections.filter((section) => section.startsWith(`## ${heading}`) && section.includes(amiId)).length;
}

/** What the stream tells of an image, in order. */
export async function told(world: World, region: string, amiId: string): Promise<readonly string[]> {
  const { redis, keys } = world.connection;
  const entries = await redis.xrange(keys.events(region), "-", "+");
  return entries.flatMap(([, fields]) => {
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? "";
    return field("ami") === amiId ? [field("what")] : [];
  });
}

/** When EC2 deregistered an image, by the simulator's own book; null: never. */
export function deregisteredAt(world: World, region: string, amiId: string): number | null {
  const entry = world.simulator.journal
    .of("DeregisterImage")
    .find(
      (call) => call.effect?.kind === "image-deregistered" && call.region === region && call.resources[0] === amiId,
    );
  return entry?.at ?? null;
}

/** When the public could last have been told that an image went private or was released, before an instant. */
export function lastNoticeBefore(world: World, amiId: string, before: number): number | null {
  const headings = /\n## (?:Made private|Released)[^]*/;
  const names = ({ form, created, at }: Post): boolean =>
    created !== null &&
    at <= before &&
    (headings.exec(`\n${JSON.stringify(form).replaceAll("\\n", "\n")}`)?.[0].includes(amiId) ?? false);
  return world.pagure.journal.filter(names).at(-1)?.at ?? null;
}

/** Snapshots in a region that no standing image is built on. */
export function orphans(world: World, region: string): readonly string[] {
  const standing = world.simulator.images(region).filter(({ state }) => state !== "deregistered");
  const used = new Set(standing.flatMap(snapshotIdsOf));
  return world.simulator.snapshots(region).flatMap(({ id }) => (used.has(id) ? [] : [id]));
}

/** Whether everything of an image may be used by everybody, as when it was uploaded. */
export function isWhollyPublic(world: World, region: string, amiId: string): boolean {
  const image = world.simulator.image(region, amiId);
  if (image?.state !== "available") return false;
  const snapshots = snapshotIdsOf(image).map((id) => world.simulator.snapshot(region, id));
  return [image, ...snapshots].every((thing) => thing?.permission.isPublic === true);
}

/** The tags that an image and its snapshots carry. */
export function tagsOf(world: World, region: string, amiId: string): readonly string[] {
  const image = world.simulator.image(region, amiId);
  if (image === null) return [];
  const snapshots = snapshotIdsOf(image).map((id) => world.simulator.snapshot(region, id));
  return [image, ...snapshots].flatMap((thing) => Object.keys(thing?.tags ?? {}));
}
