import { formatComposeId, parseComposeId, type ComposeId, type ComposeType } from "../compose/compose.ts";
import { PRODUCTS, productOf } from "../compose/product.ts";
import { parseAmiName, type AmiName, type DatedStamp } from "../image/name.ts";
import { quote } from "../words.ts";

type DatedName = AmiName & { readonly stamp: DatedStamp };

/**
 * Why an image's name in EC2 does not belong to its compose, in a sentence, or null when it does: so that a forged or mistaken
 * message reaches neither a released image nor somebody else's. Product, version, date, respin and type have to be the
 * compose's, and those of the name that was announced, if one was; what reads as a release is refused whatever else fits.
 */
export function nameMismatch(name: string, composeId: string, announced: string | null): string | null {
  const id = parseComposeId(composeId);
  if (!id.ok) return id.reason;
  const parsed = parseAmiName(name);
  if (parsed === null) return `its name in EC2, ${quote(name)}, fits no form of Fedora's names`;
  const { stamp, ...parts } = parsed;
  if (stamp.kind === "release") return `its name in EC2 says ${versionOf(parts)}-${stamp.number}, as a release's does`;
  if (parts.milestone !== null && parts.milestone !== PRERELEASE)
    return `its name in EC2 says ${parts.milestone}, as a release's does`;
  const dated = { ...parts, stamp };
  return unlikeCompose(dated, id.value) ?? (announced === null ? null : unlikeAnnounced(dated, announced));
}

const PRERELEASE = "Prerelease";

function unlikeCompose(name: DatedName, id: ComposeId): string | null {
  const { release, date, respin, type } = id;
  const kind = release.type === "ga" ? release.short : `${release.short} ${release.type}`;
  const product = productOf(id);
  if (product === null) return `no AMIs of composes of ${kind} are known`;
  if (!product.images.includes(name.product))
    return `its name in EC2 says ${name.product}, which composes of ${kind} do not build`;
  const part = firstUnlike([
    ["version", name.version, release.version === "ELN" ? "eln" : release.version],
    ["date", name.stamp.date, date],
    ["respin", name.stamp.respin, respin],
    ["type", typeOf(name), type],
  ]);
  return part === null ? null : `its name in EC2 says ${part.what} ${part.here}, its compose says ${part.there}`;
}

/** `.n` may be missing from either. */
function unlikeAnnounced(name: DatedName, announced: string): string | null {
  const parsed = parseAmiName(announced);
  if (parsed === null) return `the name that was announced, ${quote(announced)}, fits no form of Fedora's names`;
  const { stamp, ...parts } = parsed;
  if (stamp.kind === "release") return `the name that was announced says ${versionOf(parts)}-${stamp.number}`;
  const part = firstUnlike([
    ["product", name.product, parts.product],
    ["architecture", name.arch, parts.arch],
    ["version", versionOf(name), versionOf(parts)],
    ["date", name.stamp.date, stamp.date],
    ["respin", name.stamp.respin, stamp.respin],
    ["type", typeOf(name), typeOf({ ...parts, stamp })],
  ]);
  return part === null ? null : `its name in EC2 says ${part.what} ${part.here}, the announced name says ${part.there}`;
}

type Part = readonly [what: string, here: string | number | null, there: string | number | null];

function firstUnlike(parts: readonly Part[]): { readonly [side in "what" | "here" | "there"]: string } | null {
  const unlike = parts.find(([, here, there]) => here !== there);
  if (unlike === undefined) return null;
  const [what, here, there] = unlike;
  return { what, here: String(here ?? "none"), there: String(there ?? "none") };
}

/** The version with its milestone, as the uploader writes it: `43-Prerelease`. */
function versionOf({ version, milestone }: Pick<AmiName, "version" | "milestone">): string {
  return milestone === null ? version : `${version}-${milestone}`;
}

/**
 * The type of the compose that a name is of. Without `.n` a nightly's name says Prerelease, or a version that is never
 * released; any other is a production compose's.
 */
function typeOf({ version, milestone, stamp }: DatedName): ComposeType {
  if (stamp.type !== null) return stamp.type;
  return milestone === PRERELEASE || !/^\d/.test(version) ? "nightly" : "production";
}

/**
 * The compose that an image is likeliest of, by its name alone: for people, nothing is done by it. Null: the name says none. A
 * dated image is never of a compose of Fedora itself, whose production composes are candidates, and name their images X.Y.
 */
export function likeliestCompose(name: string): string | null {
  const parsed = parseAmiName(name);
  if (parsed === null || parsed.stamp.kind === "release") return null;
  const { stamp, ...parts } = parsed;
  const { date, respin } = stamp;
  const type = typeOf({ ...parts, stamp });
  const product = PRODUCTS.find(
    ({ short, images }) => images.includes(parts.product) && !(short === "Fedora" && type === "production"),
  );
  if (respin === null || product === undefined) return null;
  const release = { short: product.short, version: parts.version, type: product.type };
  return formatComposeId({ release, base: null, date, type, respin });
}
