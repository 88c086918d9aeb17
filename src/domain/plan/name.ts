import { parseComposeId, stampOf } from "../compose/compose.ts";

/**
 * Why an image's name in EC2 does not belong to its compose, or null when it does. The name must carry the id's own date,
 * type and respin and nothing like a release's X.Y, so that a forged or mistaken message cannot reach a released image.
 * Names: fedimg's `Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0`, the uploader's
 * `Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0`; a Beta spells `Prerelease`.
 */
export function nameMismatch(name: string, composeId: string): string | null {
  const id = parseComposeId(composeId);
  if (!id.ok) return id.reason;
  const stamp = stampOf(id.value);
  const at = name.search(new RegExp(`(?<![0-9.])${stamp.replaceAll(".", "\\.")}(?!\\.?[0-9])`));
  if (at < 0) return `its name in EC2 does not contain ${stamp} of its compose`;
  const rest = `${name.slice(0, at)} ${name.slice(at + stamp.length)}`;
  if (/prerelease/i.test(rest)) return "its name in EC2 says Prerelease";
  const release = /\d+\.\d+/.exec(rest)?.[0];
  return release === undefined ? null : `its name in EC2 contains ${release}, as a release's does`;
}
