import type { Outgoing } from "../cast/messages.ts";

/** Those that Fedora's uploader copies to. */
export const ALL_REGIONS: readonly string[] = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
  ...["eu-north-1", "eu-south-1", "ap-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "sa-east-1", "ca-central-1", "af-south-1", "me-south-1"],
];
export const EXCHANGE = "amq.topic";
export const TOPIC = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.cloud_base";
/** From it come the ids of the images, which a bench makes the same in every run. */
export const SEED = 17;
/** A compose has four images. */
const IMAGES_OF_A_COMPOSE = 4;
/** An AMI's id has 17 hexadecimal digits. */
const AMI_IDS = 1n << 68n;
/** An odd number takes each id to another one. */
const SCATTER = 0x9e37_79b9_7f4a_7c15n;

/** Uploads as the uploader announces them, each one message for all `regions`; the ids are scattered, as EC2's are. */
export function announcements(count: number, regions: readonly string[]): Outgoing[] {
  const now = Date.now();
  const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  return Array.from({ length: count }, (_, index) => ({
    topic: TOPIC,
    messageId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    headers: {
      fedora_messaging_schema: "fedora_image_uploader.published.v1.aws",
      fedora_messaging_severity: 20,
      "sent-at": new Date(now).toISOString().replace(/\.\d+Z$/, "+00:00"),
    },
    body: Buffer.from(
      JSON.stringify({
        architecture: "x86_64",
        compose_id: `Fedora-Rawhide-${day}.n.${Math.floor(index / IMAGES_OF_A_COMPOSE)}`,
        image_name: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.n.${index}`,
        regions: Object.fromEntries(
          regions.map((region, place) => [region, amiOf(index * ALL_REGIONS.length + place)]),
        ),
        release: "rawhide",
        subvariant: "Cloud_Base",
      }),
    ),
  }));
}

function amiOf(number: number): string {
  return `ami-${((BigInt(SEED + number) * SCATTER) % AMI_IDS).toString(16).padStart(17, "0")}`;
}
