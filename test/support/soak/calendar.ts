import { DAY_MS, HOUR_MS, type Instant } from "../../../src/domain/time.ts";
import type { Dice } from "../random/mutate.ts";

/** Where Fedora uploads to; a smaller soak takes the first of them. */
export const REGIONS = [
  ...["us-east-1", "eu-west-1", "ap-southeast-3", "us-west-2", "af-south-1", "ap-east-1", "ap-northeast-1"],
  ...["ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"],
  ...["eu-central-1", "eu-north-1", "eu-south-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1"],
  ...["us-east-2", "us-west-1"],
];

/** A build of Fedora, and what must become of its images, by hand from Fedora's rules. */
export interface Compose {
  readonly id: string;
  /** When its images are announced. */
  readonly at: Instant;
  readonly fate: "deleted" | "kept";
  /** Of each image, and of which machine it is. */
  readonly names: readonly { readonly name: string; readonly arch: string }[];
  readonly sender: "uploader" | "fedimg";
  /** What pungi says, so long after the images; a negative number: before. */
  readonly says: readonly { readonly type: string; readonly label: string | null; readonly afterMs: number }[];
  /** What composeinfo.json says; null: the compose host has it no more, or never had. */
  readonly hosted: { readonly type: string; readonly label: string } | null;
  /** Announced as a two-week release so long after the images; null: never. */
  readonly releasedAfterMs: number | null;
  /** Its images are announced a second time, as of this compose. */
  readonly alsoAs: string | null;
}

const KINDS = [
  ["Fedora-Cloud-Base-AmazonEC2", "x86_64"],
  ["Fedora-Cloud-Base-AmazonEC2", "aarch64"],
  ["Fedora-Cloud-Base", "x86_64"],
  ["Fedora-Cloud-Base", "aarch64"],
] as const;
const ATOMIC = [
  ["Fedora-AtomicHost", "x86_64"],
  ["Fedora-AtomicHost", "aarch64"],
  ["Fedora-Atomic", "x86_64"],
  ["Fedora-Atomic", "aarch64"],
] as const;

/** How a year goes, in days of 365; a shorter one has the same in the same order. */
const BETAS = [0.1, 0.6];
const RELEASES = [0.18, 0.68];
const SEASON = 0.08;

type Rest = Partial<Omit<Compose, "id" | "at" | "names">>;

/** What a year has in it: so many days, so many images a compose. */
export class Calendar {
  readonly #days: number;
  readonly #images: number;
  readonly #start: Instant;

  constructor(start: Instant, days: number, images: number) {
    this.#start = start;
    this.#days = days;
    this.#images = images;
  }

  /** The composes of a day, the first first. */
  composes(day: number, dice: Dice): readonly Compose[] {
    const at = this.#start + day * DAY_MS;
    const date = new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
    return [
      this.#nightly(at + HOUR_MS, date, "Rawhide", "Rawhide", 0),
      ...(dice.roll(7) === 0 ? [this.#nightly(at + 2 * HOUR_MS, date, "Rawhide", "Rawhide", 1)] : []),
      ...this.#branched(day, at, date, dice),
      ...(day % 7 === 1 || day % 7 === 4 ? [this.#cloud(at + 2.5 * HOUR_MS, date, dice)] : []),
      ...(day % 7 === 2 ? [this.#atomic(day, at + 2 * HOUR_MS, date)] : []),
      ...this.#candidates(day, at, date),
      ...this.#oddOnes(day, at, date),
    ];
  }

  #on(parts: readonly number[]): readonly number[] {
    return parts.map((part) => Math.round(part * this.#days));
  }

  #nightly(at: Instant, date: string, version: string, word: string, respin: number): Compose {
    const build = `${word}-${date}.${respin}`;
    return this.#compose(`Fedora-${version}-${date}.n.${respin}`, at, build, {
      says: respin === 0 ? [{ type: "nightly", label: null, afterMs: -HOUR_MS / 2 }] : [],
    });
  }

  /** Before a Beta and before a release the next Fedora is built each second night or so. */
  #branched(day: number, at: Instant, date: string, dice: Dice): readonly Compose[] {
    const isSeason = this.#on([...BETAS, ...RELEASES]).some((end) => day < end && day > end - SEASON * this.#days);
    return isSeason && dice.roll(2) === 0 ? [this.#nightly(at + 3 * HOUR_MS, date, "45", "45-Prerelease", 0)] : [];
  }

  /** Its label makes it one that may go: it comes before, comes late, or the compose host has it alone. */
  #cloud(at: Instant, date: string, dice: Dice): Compose {
    const [type, label, way] = ["production", `RC-${date}.0`, dice.roll(10)] as const;
    return this.#compose(`Fedora-Cloud-44-${date}.0`, at, `44-${date}.0`, {
      says: way === 0 ? [] : [{ type, label, afterMs: way === 1 ? DAY_MS : -HOUR_MS }],
      hosted: way === 0 || way > 5 ? { type, label } : null,
    });
  }

  /** One in two is released, before its images are private or after. */
  #atomic(day: number, at: Instant, date: string): Compose {
    const week = Math.floor(day / 7);
    const isReleased = week % 2 === 0;
    const names = ATOMIC.slice(0, this.#images).map(([product, arch]) => ({
      name: `${product}-29-${date}.0.${arch}`,
      arch,
    }));
    return {
      ...this.#compose(`Fedora-Atomic-29-${date}.0`, at, "", {
        fate: isReleased ? "kept" : "deleted",
        says: [{ type: "production", label: `RC-${date}.0`, afterMs: -HOUR_MS }],
        releasedAfterMs: isReleased ? (week % 4 === 0 ? 2 : 8) * DAY_MS : null,
        sender: "fedimg",
      }),
      names,
    };
  }

  /** Of a Beta two candidates, of a release three, on days that follow each other. */
  #candidates(day: number, at: Instant, date: string): readonly Compose[] {
    const of = (starts: readonly number[], most: number, milestone: string, word: string): readonly Compose[] =>
      this.#on(starts)
        .filter((start) => day >= start && day < start + most)
        .map((start) => {
          const version = `1.${day - start + 1}`;
          return this.#compose(`Fedora-45-${date}.0`, at + 4 * HOUR_MS, `45${word}-${version}`, {
            fate: "kept",
            says: [{ type: "production", label: `${milestone}-${version}`, afterMs: -HOUR_MS }],
          });
        });
    return [...of(BETAS, 2, "Beta", "-Prerelease"), ...of(RELEASES, 3, "RC", "")];
  }

  /** What must be kept, since nobody knows better. */
  #oddOnes(day: number, at: Instant, date: string): readonly Compose[] {
    const odd = (version: string, rest: Rest): Compose =>
      this.#compose(`Fedora-Cloud-${version}-${date}.0`, at + 5 * HOUR_MS, `${version}-${date}.0`, {
        fate: "kept",
        ...rest,
      });
    const label = `RC-${date}.0`;
    return [
      ...(day % 30 === 3 ? [odd("40", { says: [] })] : []),
      ...(day % 60 === 5
        ? [odd("41", { says: [{ type: "production", label: "RC-20200230.0", afterMs: -HOUR_MS }] })]
        : []),
      ...(day % 60 === 6
        ? [
            odd("42", {
              says: ["production", "nightly"].map((type) => ({ type, label, afterMs: -HOUR_MS })),
            }),
          ]
        : []),
      ...(day % 60 === 8
        ? [
            odd("43", {
              says: [{ type: "production", label, afterMs: -HOUR_MS }],
              alsoAs: `Fedora-Rawhide-${date}.n.7`,
            }),
          ]
        : []),
    ];
  }

  #compose(id: string, at: Instant, build: string, rest: Rest): Compose {
    return {
      id,
      at,
      names: KINDS.slice(0, this.#images).map(([product, arch]) => ({ name: `${product}.${arch}-${build}`, arch })),
      fate: "deleted",
      sender: "uploader",
      says: [],
      hosted: null,
      releasedAfterMs: null,
      alsoAs: null,
      ...rest,
    };
  }
}
