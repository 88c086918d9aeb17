import { remembered } from "../remembered.ts";
import { isCalendarDate } from "../time.ts";
import { quote } from "../words.ts";

/** In productmd's order (productmd/composeinfo.py, COMPOSE_TYPES). */
export const COMPOSE_TYPES = ["test", "ci", "nightly", "production", "development"] as const;
export type ComposeType = (typeof COMPOSE_TYPES)[number];

export function isComposeType(text: string): text is ComposeType {
  return (COMPOSE_TYPES as readonly string[]).includes(text);
}

/** A release as an id names it: `Fedora-Cloud`, `28`, and `updates` where the type is not `ga`. */
export interface Release {
  readonly short: string;
  readonly version: string;
  readonly type: string;
}

/** The parts of a compose id: `<short>-<version>[-<type>][-<base product>]-<date>[.<compose type>].<respin>`. */
export interface ComposeId {
  readonly release: Release;
  /** The product that a layered release stands on. */
  readonly base: Release | null;
  /** Eight digits that are a day of the calendar. */
  readonly date: string;
  readonly type: ComposeType;
  readonly respin: number;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** What productmd writes (`type_suffix`), and the long forms that it also reads (COMPOSE_TYPE_SUFFIXES). */
const SUFFIX_OF: Readonly<Record<ComposeType, string>> = {
  production: "",
  nightly: ".n",
  test: ".t",
  ci: ".ci",
  development: ".d",
};
const TYPE_OF_SUFFIX: ReadonlyMap<string, ComposeType> = new Map([
  ["n", "nightly"],
  ["nightly", "nightly"],
  ["t", "test"],
  ["test", "test"],
  ["ci", "ci"],
  ["d", "development"],
]);

/** productmd/common.py, RELEASE_TYPES without `ga`, which an id never spells; the longer name first. */
const RELEASE_TYPES = ["updates-testing", "updates", "fast", "eus", "aus", "els", "tus", "e4s"];

/** The underscore is that of `Fedora_Docker`. */
const SHORT = /^[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*$/;
const VERSION = /^(?:[A-Za-z][A-Za-z0-9]*|\d+(?:\.\d+)*)$/;
const LONGEST_ID = 128;

/** Each image of a compose asks for it several times. */
const MOST_REMEMBERED = 1000;

/**
 * Whether a text may become part of a Redis key and a report: letters, digits, dots, dashes, underscores, at most 128.
 * Anything else in a message's compose is not worth keeping.
 */
export function isKeySafeComposeId(text: string): boolean {
  return text.length <= LONGEST_ID && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
}

/**
 * Reads a compose id as productmd defines it (create_compose_id and get_date_type_respin), but demands what it always
 * writes: a respin, and a date that the calendar has. A refusal quotes the value and the place.
 */
export const parseComposeId: (id: string) => Parsed<ComposeId> = remembered(MOST_REMEMBERED, readComposeId);

function readComposeId(id: string): Parsed<ComposeId> {
  const refuse = (what: string): Parsed<never> => ({ ok: false, reason: `compose id ${quote(id)}: ${what}` });
  if (id.length > LONGEST_ID) return refuse(`longer than ${LONGEST_ID} characters`);
  const parts = /^(?<release>.+?)-(?<date>\d{8})(?:\.(?<suffix>[a-z]+))?(?:\.(?<respin>\d+))?$/.exec(id)?.groups;
  if (parts === undefined) return refuse("does not end in -<YYYYMMDD>[.<type>].<respin>");
  const { release: releaseText = "", date = "", suffix, respin } = parts;
  const place = `at character ${releaseText.length + 2}`;
  if (!isCalendarDate(date)) return refuse(`${quote(date)} ${place} is no day of the calendar`);
  const type = suffix === undefined ? "production" : TYPE_OF_SUFFIX.get(suffix);
  if (type === undefined) return refuse(`unknown compose type ${quote(`.${suffix ?? ""}`)} after the date ${place}`);
  if (respin === undefined) return refuse(`no respin after the date ${place}`);
  if (!/^(?:0|[1-9]\d{0,5})$/.test(respin))
    return refuse(`respin ${quote(respin)} after the date ${place} is not 0 to 999999`);
  const releases = parseReleases(releaseText);
  if (releases === null) return refuse(`${quote(releaseText)} at character 1 is not <short>-<version>[-<type>]`);
  return { ok: true, value: { ...releases, date, type, respin: Number(respin) } };
}

/** Writes a compose id as productmd does; the inverse of `parseComposeId` for every id that productmd writes. */
export function formatComposeId(id: ComposeId): string {
  const base = id.base === null ? "" : `-${formatRelease(id.base)}`;
  return `${formatRelease(id.release)}${base}-${stampOf(id)}`;
}

/**
 * Date, type and respin as the id ends in them: `20260122.n.0`.
 * @internal exported for its tests
 */
export function stampOf(id: ComposeId): string {
  return `${id.date}${SUFFIX_OF[id.type]}.${id.respin}`;
}

function formatRelease(release: Release): string {
  return `${release.short}-${release.version}${release.type === "ga" ? "" : `-${release.type}`}`;
}

function parseReleases(text: string): { readonly release: Release; readonly base: Release | null } | null {
  const words = text.split("-");
  // A number that is not the last word is the version of a layered release, and its base product follows.
  const versionIndex = words.findIndex((word, index) => index > 0 && /^\d/.test(word));
  if (versionIndex > 0) {
    const front = words.slice(0, versionIndex + 1).join("-");
    const rest = words.slice(versionIndex + 1).join("-");
    const type = RELEASE_TYPES.find((name) => rest === name || rest.startsWith(`${name}-`));
    const baseText = type === undefined ? rest : rest.slice(type.length + 1);
    const release = parseRelease(type === undefined ? front : `${front}-${type}`);
    const base = parseRelease(baseText);
    if (release !== null && base !== null) return { release, base };
  }
  const release = parseRelease(text);
  return release === null ? null : { release, base: null };
}

function parseRelease(text: string): Release | null {
  const type = RELEASE_TYPES.find((name) => text.endsWith(`-${name}`)) ?? "ga";
  const named = type === "ga" ? text : text.slice(0, -type.length - 1);
  const dash = named.lastIndexOf("-");
  if (dash < 1) return null;
  const [short, version] = [named.slice(0, dash), named.slice(dash + 1)];
  return SHORT.test(short) && VERSION.test(version) ? { short, version, type } : null;
}

/** Milestones in productmd's order (LABEL_NAMES). */
export const MILESTONES = [
  "EA",
  "DevelPhaseExit",
  "InternalAlpha",
  "Alpha",
  "InternalSnapshot",
  "Beta",
  "Snapshot",
  "RC",
  "Update",
  "SecurityFix",
] as const;
export type Milestone = (typeof MILESTONES)[number];

/** A compose label `<milestone>-<major>.<minor>`; the digits are kept as written, since their count carries meaning. */
export interface Label {
  readonly milestone: Milestone;
  readonly major: string;
  readonly minor: string;
}

/** Reads a label by productmd's grammar (LABEL_RE_LIST). `RC-1.2` and `RC-20180410.0` have the same form. */
export function parseLabel(label: string): Parsed<Label> {
  const parts = /^(?<milestone>[A-Za-z]+)-(?<major>\d{1,20})\.(?<minor>\d{1,20})$/.exec(label)?.groups;
  const milestone = MILESTONES.find((name) => name === parts?.["milestone"]);
  if (parts === undefined || milestone === undefined)
    return { ok: false, reason: `label ${quote(label)} is not <milestone>-<number>.<number>` };
  return { ok: true, value: { milestone, major: parts["major"] ?? "", minor: parts["minor"] ?? "" } };
}

/** @internal exported for its tests */
export function formatLabel(label: Label): string {
  return `${label.milestone}-${label.major}.${label.minor}`;
}
