import { COMPOSES, type Arch, type CastCompose, type Fate } from "./fates.ts";
import { ODD_IMAGES, type OddImage } from "./odd-images.ts";

/** One AMI of the demo, with what is true of it in EC2 before anything happens. */
export interface CastImage {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  readonly arch: Arch;
  /** Null: EC2 knows no such image. */
  readonly ec2Name: string | null;
  readonly snapshotIds: readonly string[];
  readonly oddity: OddImage["oddity"];
  readonly heardFrom: CastCompose["heardFrom"];
  readonly fate: Fate;
  readonly because: string;
}

const hex = (value: number): string => value.toString(16).padStart(17, "0");

/** The demo's AMIs: those of the composes in all their regions, then the odd ones. Ids are made up, in EC2's long form. */
export function castImages(): readonly CastImage[] {
  let count = 0;
  const next = (rest: Omit<CastImage, "amiId" | "snapshotIds">, snapshots: number): CastImage => {
    count += 1;
    const number = 0xd_e300_0000 + count * 16;
    const snapshotIds = Array.from({ length: snapshots }, (_, index) => `snap-${hex(number + index + 1)}`);
    return { ...rest, amiId: `ami-${hex(number)}`, snapshotIds };
  };
  const regular = COMPOSES.flatMap((compose) =>
    compose.arches.flatMap((arch) => compose.regions.map((region) => next(imageOf(compose, arch, region), 2))),
  );
  const odd = ODD_IMAGES.map((image) => {
    const { region, composeId, ec2Name, oddity, fate, because } = image;
    const snapshots = oddity === "ephemeral-first" ? 3 : 2;
    return next({ region, composeId, arch: "x86_64", ec2Name, oddity, heardFrom: "bus", fate, because }, snapshots);
  });
  return [...regular, ...odd];
}

function imageOf(compose: CastCompose, arch: Arch, region: string): Omit<CastImage, "amiId" | "snapshotIds"> {
  const { composeId, heardFrom, fate, because } = compose;
  return { region, composeId, arch, ec2Name: nameIn(compose, arch), oddity: "none", heardFrom, fate, because };
}

export function nameIn(compose: CastCompose, arch: Arch): string {
  return compose.imageName.replace("ARCH", arch);
}
