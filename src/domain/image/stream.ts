import { parseComposeId, type ComposeId } from "../compose/compose.ts";
import type { Image } from "./image.ts";

/**
 * The stream and architecture that an image belongs to, as part of a key: `Fedora-Rawhide.nightly.x86_64`. Composes of one
 * stream follow each other. Null when the compose id has no such parts.
 */
export function streamOf(image: Pick<Image, "composeId" | "arch">): string | null {
  const id = parseComposeId(image.composeId);
  if (!id.ok) return null;
  const { short, version, type } = id.value.release;
  const release = type === "ga" ? `${short}-${version}` : `${short}-${version}-${type}`;
  const arch = /^[A-Za-z0-9_]{1,16}$/.test(image.arch ?? "") ? image.arch : "unknown";
  return `${release}.${id.value.type}.${arch ?? "unknown"}`;
}

/** Orders the composes of a stream by date, then respin; exact up to a million respins a day. */
export function orderOf({ date, respin }: ComposeId): number {
  return Number(date) * 1_000_000 + respin;
}
