/** A compose of the generated month. */
export interface Compose {
  /** `20261118` */
  readonly date: string;
  readonly respin: number;
  /** Its number in the month. */
  readonly ordinal: number;
  readonly seed: number;
  readonly regions: number;
}

/** One message about a compose, and its place in the compose's time, 0 to 1. */
export interface Line {
  readonly what: "started" | "finished" | "uploaded" | "upload" | "copy" | "publish" | "begin" | "complete";
  readonly place: number;
  readonly arch: "x86_64" | "aarch64";
  /** By its number in `REGIONS`. */
  readonly region: number;
}

/** A kind of compose: its id, what pungi says of it, the name of its images, and its messages. */
interface Cast {
  readonly id: (compose: Compose) => string;
  readonly type: string;
  readonly label: (compose: Compose) => string | null;
  readonly imageName: (compose: Compose) => string;
  /** The words after `aws.` in the uploader's topic. */
  readonly channel: string;
  readonly lines: readonly Line[];
}

const REGIONS = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "ap-southeast-1"],
  ...["ap-northeast-1", "ap-northeast-2", "ap-southeast-2", "sa-east-1", "ca-central-1", "eu-west-2", "af-south-1"],
  ...["ap-east-1", "ap-northeast-3", "ap-southeast-3", "eu-north-1", "eu-south-1", "eu-west-3", "me-south-1"],
] as const;

const line = (what: Line["what"], place: number, arch: Line["arch"] = "x86_64", region = 0): Line => ({
  what,
  place,
  arch,
  region,
});
const PUNGI = [line("started", 0), line("finished", 0.4)];
/** Both architectures in the same second: one message for all regions each. */
const UPLOADER = [...PUNGI, line("uploaded", 0.5), line("uploaded", 0.5, "aarch64")];
/** `upload` only for the base region, `copy` for each other one, `publish` for all, as fedimg did since 2018. */
const FEDIMG = [
  ...PUNGI,
  line("upload", 0.5),
  line("publish", 0.5),
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((region) => [
    line("copy", 0.5, "x86_64", region),
    line("publish", 0.5, "x86_64", region),
  ]),
];
const TWO_WEEK = [
  ...PUNGI,
  line("publish", 0.5),
  line("publish", 0.5, "x86_64", 4),
  line("begin", 0.8),
  line("complete", 0.9),
];

type IdParts = Pick<Compose, "date" | "respin">;
const none = (): null => null;
const dated = ({ date }: IdParts): string => `RC-${date}.0`;
const named = (version: string, stamp: (compose: IdParts) => string) => (compose: IdParts) =>
  `Fedora-Cloud-Base-AmazonEC2.ARCH-${version}-${stamp(compose)}`;
const nightly = ({ date, respin }: IdParts): string => `${date}.n.${respin}`;
const plain = ({ date, respin }: IdParts): string => `${date}.${respin}`;
const minor = ({ respin }: IdParts): number => 1 + (respin % 9);

function uploaderCast(
  release: string,
  kind: "nightly" | "production",
  label: Cast["label"],
  imageName: Cast["imageName"],
  channel: string,
): Cast {
  const stamp = kind === "nightly" ? nightly : plain;
  return {
    id: (compose) => `Fedora-${release}-${stamp(compose)}`,
    type: kind,
    label,
    imageName,
    channel,
    lines: UPLOADER,
  };
}

/** In this order in every round: 64 messages about twelve composes. */
export const CASTS: readonly Cast[] = [
  {
    id: (compose) => `Fedora-Rawhide-${nightly(compose)}`,
    type: "nightly",
    label: none,
    imageName: (compose) => `Fedora-Cloud-Base-Rawhide-${nightly(compose)}.ARCH`,
    channel: "",
    lines: FEDIMG,
  },
  {
    id: (compose) => `Fedora-Atomic-28-${plain(compose)}`,
    type: "production",
    label: dated,
    imageName: (compose) => `Fedora-AtomicHost-28-${plain(compose)}.ARCH`,
    channel: "",
    lines: TWO_WEEK,
  },
  uploaderCast("Rawhide", "nightly", none, named("Rawhide", plain), "rawhide.Cloud_Base"),
  uploaderCast("eln", "nightly", none, named("ELN", plain), "nightly.Cloud_Base"),
  uploaderCast("44", "nightly", none, named("44-Prerelease", plain), "nightly.Cloud_Base"),
  uploaderCast("Cloud-43", "production", dated, named("43", plain), "nightly.Cloud_Base"),
  uploaderCast("Cloud-42", "production", dated, named("42", plain), "nightly.Cloud_Base"),
  uploaderCast("Cloud-41", "production", dated, named("41", plain), "nightly.Cloud_Base"),
  uploaderCast("IoT-43", "production", dated, named("43", plain), "Cloud_Base.43"),
  uploaderCast(
    "43",
    "production",
    (each) => `RC-1.${minor(each)}`,
    named("43", (each) => `1.${minor(each)}`),
    "rc.Cloud_Base",
  ),
  uploaderCast(
    "44",
    "production",
    (each) => `Beta-1.${minor(each)}`,
    named("44", (each) => `Prerelease-1.${minor(each)}`),
    "Cloud_Base.44",
  ),
  uploaderCast("42-updates", "production", none, named("42", plain), "Cloud_Base.42"),
];

export function topicOf(cast: number, { what, arch }: Line): string {
  switch (what) {
    case "started":
    case "finished":
      return "org.fedoraproject.prod.pungi.compose.status.change";
    case "begin":
    case "complete":
      return `org.fedoraproject.prod.releng.atomic.twoweek.${what}`;
    case "uploaded":
      return `org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.${castOf(cast).channel}.${arch}`;
    case "upload":
    case "copy":
    case "publish":
      return `org.fedoraproject.prod.fedimg.image.${what}`;
  }
}

/** In the shapes of fedimg (since 2018), the uploader's message schema, pungi's notifier and releng's two-week script (2018). */
export function bodyOf(cast: number, { what, arch, region }: Line, compose: Compose): object {
  const kind = castOf(cast);
  const composeId = kind.id(compose);
  const imageName = kind.imageName(compose).replace("ARCH", arch);
  switch (what) {
    case "started":
      return pungiBody(kind, composeId, compose, "STARTED");
    case "finished":
      return pungiBody(kind, composeId, compose, compose.ordinal % 3 === 0 ? "FINISHED" : "FINISHED_INCOMPLETE");
    case "uploaded": {
      const regions = REGIONS.slice(0, compose.regions).map((name, index) => [name, amiId(compose, arch, index)]);
      const release = Number(/-(\d+)-/.exec(composeId)?.[1] ?? 45);
      const body = { architecture: arch, compose_id: composeId, image_name: imageName, release };
      return { ...body, subvariant: "Cloud_Base", regions: Object.fromEntries(regions) as object };
    }
    case "upload":
    case "copy":
    case "publish":
      return fedimgBody(what, composeId, imageName, arch, region, compose);
    case "begin":
    case "complete": {
      const image = {
        name: composeId,
        image_name: `${imageName}.raw.xz`,
        release: "28",
        compose_id: composeId,
        size: 1,
      };
      return { aarch64: { atomic_qcow2: image }, x86_64: { atomic_raw: image, atomic_qcow2: image } };
    }
  }
}

function pungiBody(kind: Cast, composeId: string, compose: Compose, status: string): object {
  return {
    status,
    compose_id: composeId,
    location: `https://kojipkgs.fedoraproject.org/compose/${composeId}/compose`,
    compose_date: compose.date,
    compose_type: kind.type,
    compose_respin: compose.respin,
    compose_label: kind.label(compose),
    release_short: "Fedora",
    release_is_layered: false,
  };
}

function fedimgBody(
  what: "upload" | "copy" | "publish",
  composeId: string,
  imageName: string,
  arch: Line["arch"],
  region: number,
  compose: Compose,
): object {
  const body = {
    image_name: imageName,
    destination: REGIONS[region] ?? "us-east-1",
    service: "EC2",
    extra: { id: amiId(compose, arch, region), virt_type: "hvm", vol_type: "gp3" },
  };
  const architecture = arch === "aarch64" ? "arm64" : arch;
  if (what === "copy") return { ...body, compose_id: composeId, architecture };
  if (what === "publish") return { ...body, compose: composeId, architecture, image_url: null };
  return { ...body, compose: composeId, status: "completed", image_url: `https://koji.invalid/${imageName}.raw.xz` };
}

/** 17 hex digits; the last twelve name compose, architecture and region, so that no two images are the same. */
function amiId({ ordinal, seed }: Compose, arch: Line["arch"], region: number): string {
  const number = (ordinal * 2 + (arch === "aarch64" ? 1 : 0)) * 32 + region;
  const mark = (Math.imul(seed + 1, 0x9e3779b1) >>> 12).toString(16).padStart(5, "0");
  return `ami-${mark}${number.toString(16).padStart(12, "0")}`;
}

function castOf(cast: number): Cast {
  const kind = CASTS[cast];
  if (kind === undefined) throw new RangeError(`there is no cast ${cast}`);
  return kind;
}
