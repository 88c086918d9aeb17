import type { CastImage } from "./cast/cast.ts";
import { COMPOSES } from "./cast/fates.ts";
import type { Remains } from "./judge/judge.ts";
import type { ComposeHost } from "./outside/compose-host.ts";
import type { Ec2Simulator } from "./outside/ec2/simulator.ts";

export const ACCOUNT = "125523088429";
const FOREIGN_ACCOUNT = "999900001111";

/** Puts the cast into EC2 as Fedora's uploader leaves it: images and snapshots public, nothing tagged. */
export function fillEc2(simulator: Ec2Simulator, images: readonly CastImage[]): void {
  for (const image of images) {
    if (image.ec2Name === null) continue;
    const { oddity } = image;
    const isForeign = oddity === "foreign-account";
    const ownerId = isForeign ? FOREIGN_ACCOUNT : ACCOUNT;
    const isPublic = oddity !== "already-private";
    simulator.addImage(image.region, {
      id: image.amiId,
      name: image.ec2Name,
      ownerId,
      architecture: image.arch === "aarch64" ? "arm64" : image.arch,
      isPublic,
      snapshots: image.snapshotIds.map((id) => ({ id, ownerId, sizeGiB: 5, isPublic })),
      ...(oddity === "ephemeral-first" ? { ephemeralDevices: 1 } : {}),
      ...(oddity === "deregistration-protection" ? { deregistrationProtection: "enabled-without-cooldown" } : {}),
      ...(oddity === "protecting-tag" ? { tags: { "do-not-delete": "tested by hand" } } : {}),
      ...(oddity === "explicit-share" ? { userIds: [FOREIGN_ACCOUNT] } : {}),
    });
    const shared = image.snapshotIds.at(-1);
    if (oddity === "shared-snapshot" && shared !== undefined)
      simulator.addImage(image.region, { name: "built-by-hand-on-a-fedora-snapshot", snapshots: [shared] });
  }
}

/** Puts the composes on the compose host whose metadata it still has. */
export function fillComposeHost(host: ComposeHost): void {
  for (const { composeId, metadata } of COMPOSES) if (metadata !== null) host.add({ id: composeId, ...metadata });
}

/** What is left of an image, read past the API. */
export function remainsIn(simulator: Ec2Simulator, image: CastImage): Remains {
  const found = simulator.image(image.region, image.amiId);
  const isStanding = found?.state === "available";
  const snapshots = image.snapshotIds.map((id) => {
    const snapshot = simulator.snapshot(image.region, id);
    return {
      id,
      isStanding: snapshot !== null,
      isPublic: snapshot?.permission.isPublic === true,
      tags: snapshot?.tags ?? {},
    };
  });
  const keys = [found?.tags ?? {}, ...snapshots.map(({ tags }) => tags)].flatMap((tags) => Object.keys(tags));
  return {
    isStanding,
    isPublic: isStanding && found.permission.isPublic,
    ourTags: keys.filter((key) => key.startsWith("clean-amis:")),
    snapshots,
  };
}
