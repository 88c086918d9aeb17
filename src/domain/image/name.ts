import type { ComposeType } from "../compose/compose.ts";
import { isRegion } from "./image.ts";
import { isCalendarDate } from "../time.ts";

/**
 * Where a name stands in Fedora's history, by its spelling:
 * `uploader`: `Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0`, since August 2024;
 * `fedimg-2024`: the same with fedimg's end, `…-Rawhide-20240331.n.0-hvm-us-east-1-gp3-0`;
 * `fedimg`: `Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0`, from 2017 on;
 * `fedimg-2016`: `Fedora-Cloud-Base-25-20161220.0.x86_64-us-west-1-HVM-standard-0`, until 2017;
 * `file`: `Fedora-Cloud-Base-36-20221013.0.x86_64`, the file that fedimg made the image from, and its messages' name for it.
 */
export type Spelling = "uploader" | "fedimg-2024" | "fedimg" | "fedimg-2016" | "file";

/** The parts of the name of a Fedora AMI. */
export interface AmiName {
  /** `Fedora-Cloud-Base-AmazonEC2`. */
  readonly product: string;
  readonly arch: string;
  /** `Rawhide`, `eln` (ELN is spelt either way), or a release's number. */
  readonly version: string;
  /** The word behind a release's number, as written: `Prerelease`, `Beta`; null: none. */
  readonly milestone: string | null;
  readonly stamp: DatedStamp | ReleaseStamp;
  readonly spelling: Spelling;
}

/** A compose's day, its type where the name says it, and its respin; null: the name says none. */
export interface DatedStamp {
  readonly kind: "dated";
  /** Eight digits that are a day of the calendar. */
  readonly date: string;
  readonly type: ComposeType | null;
  readonly respin: number | null;
}

/** The X.Y of a release, a Beta, or a candidate for one, as written. */
export interface ReleaseStamp {
  readonly kind: "release";
  readonly number: string;
}

/** EC2's own limit (API_RegisterImage, Name). */
const LONGEST_NAME = 128;
const DATE_DIGITS = 8;
const SUFFIXES: ReadonlyMap<string, ComposeType> = new Map([
  ["n", "nightly"],
  ["t", "test"],
  ["ci", "ci"],
  ["d", "development"],
]);

/** Those that EC2 runs and Fedora builds, or built, AMIs for. */
const ARCH = "x86_64|aarch64|i386";
const VOLUME = "(?:standard|gp[23])-\\d{1,3}";
const NAME = new RegExp(
  [
    "^(?<product>Fedora(?:-[A-Za-z][A-Za-z0-9]*)*?)",
    `(?:\\.(?<early>${ARCH}))?`,
    "-(?<version>Rawhide|ELN|eln|[1-9]\\d{0,2}(?:[-_](?<milestone>[A-Za-z][A-Za-z0-9_]*))?)",
    `-(?<major>\\d{${DATE_DIGITS}}|\\d{1,3})(?:\\.(?<suffix>[a-z]{1,2}))?(?:\\.(?<minor>0|[1-9]\\d{0,5}))?`,
    `(?:\\.(?<late>${ARCH}))?`,
    `(?:-(?<virt>hvm|paravirtual)-(?<region>[a-z0-9-]{1,32})-${VOLUME}|-(?<place>[a-z0-9-]{1,32})-(?:HVM|PV)-${VOLUME})?$`,
  ].join(""),
);

/**
 * Reads the name of an AMI as Fedora's tools have written them since 2014, as a whole; null for any other. Total, and linear:
 * what is longer than EC2 allows is not looked at.
 */
export function parseAmiName(name: string): AmiName | null {
  const fits = name.length <= LONGEST_NAME ? NAME.exec(name)?.groups : undefined;
  return fits === undefined ? null : nameOf(fits);
}

function nameOf(fits: Readonly<Record<string, string | undefined>>): AmiName | null {
  const { product = "", early, late, version = "", milestone, region, place } = fits;
  const arch = early ?? late;
  const stamp = stampIn(fits);
  const spelling = spellingOf(fits);
  const where = region ?? place;
  if (arch === undefined || stamp === null || spelling === null) return null;
  if (where !== undefined && !isRegion(where)) return null;
  const [word = ""] = version.split(/[-_]/);
  return {
    product,
    arch,
    stamp,
    spelling,
    milestone: milestone ?? null,
    version: word === "ELN" ? "eln" : word,
  };
}

/** Null where no tool of Fedora's wrote a name so: an architecture in both places, or in neither. */
function spellingOf({ early, late, virt, place }: Readonly<Record<string, string | undefined>>): Spelling | null {
  if ((early === undefined) === (late === undefined)) return null;
  if (place !== undefined) return early === undefined ? "fedimg-2016" : null;
  if (virt !== undefined) return early === undefined ? "fedimg" : "fedimg-2024";
  return early === undefined ? "file" : "uploader";
}

/** Eight digits have to be a day; fewer are a release's number, and need a second one. */
function stampIn({ major = "", suffix, minor }: Readonly<Record<string, string | undefined>>): AmiName["stamp"] | null {
  if (major.length < DATE_DIGITS)
    return minor === undefined || suffix !== undefined ? null : { kind: "release", number: `${major}.${minor}` };
  const type = suffix === undefined ? null : SUFFIXES.get(suffix);
  if (type === undefined || !isCalendarDate(major)) return null;
  return { kind: "dated", date: major, type, respin: minor === undefined ? null : Number(minor) };
}
