import type { Test } from "tap";
import { snapshotIdsOf } from "../../../src/demo/outside/ec2/state/records.ts";
import { openWorld, type World } from "../world/world.ts";

/** Everything that Redis remembers under a world's prefix, by the name without it. */
export async function remembered({ connection }: Pick<World, "connection">): Promise<ReadonlyMap<string, Buffer>> {
  const prefix = prefixOf(connection.keys.format);
  const names = (await connection.redis.keys(`${prefix}:*`)).sort();
  const dumps = await Promise.all(names.map((name) => connection.redis.dumpBuffer(name)));
  return new Map(names.map((name, index) => [name.slice(prefix.length), dumps[index] ?? Buffer.alloc(0)]));
}

/** A world of its own that remembers the same and shows the same in these regions of EC2, at the same instant. */
export async function copyOf(test: Test, world: World, regions: readonly string[]): Promise<World> {
  const copy = await openWorld(test);
  copy.clock.advance(world.clock.now() - copy.clock.now());
  const { redis, keys } = copy.connection;
  for (const [name, dump] of await remembered(world))
    await redis.restore(prefixOf(keys.format) + name, 0, dump, "REPLACE");
  for (const region of regions) {
    for (const { permission, ...snapshot } of world.simulator.snapshots(region))
      copy.simulator.addSnapshot(region, { ...snapshot, ...permission });
    for (const image of world.simulator.images(region)) {
      const { id, name, ownerId, createdAt, permission, tags } = image;
      const standing = image.state === "deregistered" ? [] : snapshotIdsOf(image);
      copy.simulator.addImage(region, { id, name, ownerId, createdAt, ...permission, tags, snapshots: standing });
      copy.simulator.changeImage(region, id, image);
    }
  }
  return copy;
}

/** Sets what Redis remembers under a world's prefix back to what it remembered then. */
export async function setBack({ connection }: World, copy: ReadonlyMap<string, Buffer>): Promise<void> {
  const prefix = prefixOf(connection.keys.format);
  const names = await connection.redis.keys(`${prefix}:*`);
  if (names.length > 0) await connection.redis.del(names);
  for (const [name, dump] of copy) await connection.redis.restore(prefix + name, 0, dump, "REPLACE");
}

function prefixOf(formatKey: string): string {
  return formatKey.replace(/:format$/, "");
}
