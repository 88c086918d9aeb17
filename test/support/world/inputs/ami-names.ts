import fc from "fast-check";
import { record } from "../../random/property.ts";

/** The parts that an image's name is made of, by the test's own hand: the guard must not agree with itself by mistake. */
export interface NameParts {
  readonly product: string;
  readonly arch: string;
  readonly version: string;
  readonly milestone: "" | "Prerelease" | "Beta";
  /** Eight digits, or a release's one. */
  readonly major: string;
  readonly letter: "" | "n" | "t";
  readonly respin: number;
  readonly era: Era;
}

const ERAS = ["uploader", "fedimg-2024", "fedimg", "fedimg-2016", "file"] as const;
type Era = (typeof ERAS)[number];

/** Of a compose, what its id says. */
export interface IdParts {
  readonly short: string;
  readonly version: string;
  readonly date: string;
  readonly letter: "" | "n" | "t";
  readonly respin: number;
}

/** Which composes build which product, as domain facts have it; a compose that is not here builds none. */
const BUILDS: Readonly<Record<string, readonly string[]>> = {
  Fedora: ["Fedora-Cloud-Base-AmazonEC2", "Fedora-Cloud-Base"],
  "Fedora-Cloud": ["Fedora-Cloud-Base-AmazonEC2", "Fedora-Cloud-Base"],
  "Fedora-Atomic": ["Fedora-Atomic", "Fedora-AtomicHost", "Fedora-Cloud-Base"],
};
const DATES = ["20160321", "20180419", "20260305", "20260306"];

const version = fc.constantFrom("Rawhide", "eln", "27", "43", "44");
const letter = fc.constantFrom("", "n", "t");
const respin = fc.constantFrom(0, 1, 12);

export const anyParts: fc.Arbitrary<NameParts> = record<NameParts>({
  product: fc.constantFrom(
    ...["Fedora-Cloud-Base-AmazonEC2", "Fedora-Cloud-Base", "Fedora-Atomic", "Fedora-AtomicHost", "Fedora-IoT"],
    ...["CentOS-Stream", "copr-builder", "fedora-coreos"],
  ),
  arch: fc.constantFrom("x86_64", "aarch64"),
  version: fc.oneof(version, fc.constant("ELN")),
  milestone: fc.constantFrom("", "Prerelease", "Beta"),
  major: fc.constantFrom(...DATES, "1"),
  letter,
  respin,
  era: fc.constantFrom(...ERAS),
});

export const anyId: fc.Arbitrary<IdParts> = record<IdParts>({
  short: fc.constantFrom(...Object.keys(BUILDS), "Fedora-IoT", "Fedora_Docker", "CentOS-Stream"),
  version,
  letter,
  respin,
  date: fc.constantFrom(...DATES),
});

/** The parts of a name that the compose could have: most random ones differ in several. */
export function namedAfter(id: IdParts, parts: NameParts): NameParts {
  const isNumber = /^\d/.test(id.version);
  const product = BUILDS[id.short]?.[0] ?? parts.product;
  const milestone = isNumber && id.letter === "n" && parts.milestone === "Prerelease" ? "Prerelease" : "";
  const letter = id.letter === "n" && (!isNumber || milestone !== "") ? parts.letter : id.letter;
  const dated = { major: id.date, letter: letter === "t" ? id.letter : letter, respin: id.respin };
  return { ...parts, ...dated, product, milestone, version: id.version };
}

export function nameOf(parts: NameParts): string {
  const { product, arch, version, milestone, major, letter, respin, era } = parts;
  const word = milestone === "Beta" ? "_Beta" : milestone === "" ? "" : `-${milestone}`;
  const build = `${version}${word}-${major}${letter === "" ? "" : `.${letter}`}.${respin}`;
  switch (era) {
    case "uploader":
      return `${product}.${arch}-${build}`;
    case "fedimg-2024":
      return `${product}.${arch}-${build}-hvm-us-east-1-gp3-0`;
    case "fedimg":
      return `${product}-${build}.${arch}-hvm-eu-central-1-standard-0`;
    case "fedimg-2016":
      return `${product}-${build}.${arch}-us-west-1-HVM-standard-0`;
    case "file":
      return `${product}-${build}.${arch}`;
  }
}

export function idOf({ short, version, date, letter, respin }: IdParts): string {
  return `${short}-${version}-${date}${letter === "" ? "" : `.${letter}`}.${respin}`;
}

/** The parts in which a name is not the compose's, and what makes it a release's; none: the image may be acted on. */
export function unlikeParts(parts: NameParts, id: IdParts): readonly string[] {
  const isNightly =
    parts.letter === "n" || (parts.letter === "" && (parts.milestone === "Prerelease" || !/^\d/.test(parts.version)));
  const letter = isNightly ? "n" : parts.letter;
  const version = parts.version === "ELN" ? "eln" : parts.version;
  const checks: Readonly<Record<string, boolean>> = {
    product: BUILDS[id.short]?.includes(parts.product) === true,
    version: version === id.version && (parts.milestone === "" || /^\d/.test(version)),
    release: parts.milestone !== "Beta" && parts.major.length === 8,
    date: parts.major === id.date,
    respin: parts.respin === id.respin,
    type: letter === id.letter,
  };
  return Object.keys(checks).filter((part) => checks[part] === false);
}
