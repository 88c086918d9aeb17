import { randomUUID } from "node:crypto";
import type { CastImage } from "./cast.ts";
import { nameIn } from "./cast.ts";
import { COMPOSES, type CastCompose } from "./fates.ts";
import { ODD_IMAGES } from "./odd-images.ts";
import { NOT_OURS, RUBBISH } from "./noise.ts";
import type { HeardEvent } from "../../domain/topics.ts";
import type { ArchivedMessage } from "../outside/datagrepper/archive.ts";

/** A message as fedora-messaging puts it on the wire. */
export interface Outgoing {
  readonly topic: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** The demo's messages, in the three waves in which they are sent. */
export interface Waves {
  readonly first: readonly Outgoing[];
  /** Facts that come late, copies of what was said, and the late copy of a known image. */
  readonly later: readonly Outgoing[];
  /** Releases that are announced when the images are private already. */
  readonly lateReleases: readonly Outgoing[];
}

const UPLOADER = "fedora_image_uploader.published.v1.aws";

/** Builds every message of the demo, sent at `at` (epoch milliseconds). */
export function wavesOf(images: readonly CastImage[], at: number): Waves {
  const send = (event: SentEvent, body: object | string | Buffer): Outgoing =>
    outgoing(`org.fedoraproject.prod.${event}`, body, at);
  const pungi = (when: "before" | "later"): Outgoing[] =>
    COMPOSES.filter((compose) => compose.pungi?.when === when).flatMap((compose) => [
      send("pungi.compose.status.change", pungiBody(compose, "STARTED")),
      send("pungi.compose.status.change", pungiBody(compose, "FINISHED")),
    ]);
  const releases = (when: CastCompose["released"]): Outgoing[] =>
    COMPOSES.filter((compose) => compose.released === when).map((compose) =>
      send("releng.atomic.twoweek.complete", twoWeekBody(compose.composeId)),
    );
  const uploads = COMPOSES.filter((compose) => compose.heardFrom === "bus").flatMap((compose) =>
    announce(compose, images, send),
  );
  const odd = ODD_IMAGES.flatMap((image, index) => {
    const cast = images[images.length - ODD_IMAGES.length + index];
    return cast === undefined ? [] : [send(UPLOADER, uploaderBody(cast, image.announcedName))];
  });
  const rubbish = RUBBISH.map(({ topic, body }) => send(topic, body));
  const notOurs = NOT_OURS.map(({ environment, topic, body }) =>
    outgoing(`org.fedoraproject.${environment}.${topic}`, body, at),
  );
  const twoComposes = images.filter((image) => image.oddity === "two-composes");
  return {
    first: [...pungi("before"), ...releases("before"), ...uploads, ...odd, ...rubbish, ...notOurs],
    later: [
      ...pungi("later"),
      // The bus delivers some messages twice.
      ...uploads.slice(0, 6),
      ...uploads.filter(({ topic }) => topic.endsWith(".image.copy")).slice(0, 2),
      ...twoComposes.map((image) =>
        send(UPLOADER, uploaderBody({ ...image, composeId: "Fedora-Rawhide-20261118.n.0" }, "another name")),
      ),
    ],
    lateReleases: releases("when-private"),
  };
}

/** What was sent before the service began, as the archive has it. */
export function archivedMessages(images: readonly CastImage[], at: number): readonly ArchivedMessage[] {
  const send: Send = (event, body) => outgoing(`org.fedoraproject.prod.${event}`, body, at);
  return COMPOSES.filter((compose) => compose.heardFrom === "archive")
    .flatMap((compose) => announce(compose, images, send))
    .map(({ topic, messageId, headers, body }) => {
      return {
        topic,
        id: messageId,
        at: Math.floor(at / 1000) * 1000,
        headers,
        body: JSON.parse(body.toString()) as unknown,
      };
    });
}

/** An event that is heard, or the uploader's with an ending: what the table of topics does not have is not sent as ours. */
type SentEvent = HeardEvent | `${Extract<HeardEvent, `fedora_image_uploader.${string}`>}.${string}`;
type Send = (event: SentEvent, body: object) => Outgoing;

function announce(compose: CastCompose, images: readonly CastImage[], send: Send): Outgoing[] {
  const own = images.filter(
    (image) => image.composeId === compose.composeId && image.ec2Name === nameIn(compose, image.arch),
  );
  if (compose.announcedBy !== "fedimg")
    return compose.arches.map((arch) => {
      const topic = `fedora_image_uploader.published.v1.aws.${compose.channel}.${arch}` as const;
      const regions = Object.fromEntries(
        own.filter((image) => image.arch === arch).map((image) => [image.region, image.amiId]),
      );
      const body = { architecture: arch, compose_id: compose.composeId, image_name: nameIn(compose, arch), regions };
      // Messages of September 2024 had neither release nor subvariant.
      return send(
        topic,
        compose.announcedBy === "uploader" ? { ...body, release: 44, subvariant: "Cloud_Base" } : body,
      );
    });
  return own.flatMap((image, index) => {
    const name = nameIn(compose, image.arch);
    const body = fedimgBody(image, name);
    if (index > 0) {
      const { compose: composeId, ...rest } = body;
      return [send("fedimg.image.copy", { ...rest, compose_id: composeId }), send("fedimg.image.publish", body)];
    }
    // Until 2018 the destination was written with the service's name, and the compose as an object.
    const upload = {
      ...body,
      status: "completed",
      destination: `EC2 (${image.region})`,
      compose: { compose_id: image.composeId },
    };
    return [send("fedimg.image.upload", upload), send("fedimg.image.publish", body)];
  });
}

function uploaderBody({ arch, composeId, region, amiId }: CastImage, imageName: string) {
  return { architecture: arch, compose_id: composeId, image_name: imageName, regions: { [region]: amiId } };
}

function fedimgBody(image: CastImage, imageName: string) {
  return {
    compose: image.composeId,
    service: "EC2",
    architecture: image.arch,
    destination: image.region,
    image_name: imageName,
    image_url: null,
    extra: { id: image.amiId, virt_type: "hvm", vol_type: "gp3" },
  };
}

function pungiBody(compose: CastCompose, status: string): object {
  const { composeId, pungi } = compose;
  return {
    status,
    compose_id: composeId,
    location: `https://kojipkgs.fedoraproject.org/compose/${composeId}/compose`,
    compose_type: pungi?.type,
    compose_label: pungi?.label,
    compose_date: /\d{8}/.exec(composeId)?.[0],
    release_is_layered: false,
  };
}

function twoWeekBody(composeId: string): object {
  const image = {
    name: composeId,
    image_name: `${composeId}.raw.xz`,
    image_url: "",
    compose_id: composeId,
    release: "28",
    size: 1,
  };
  return { aarch64: { atomic_qcow2: image }, x86_64: { atomic_raw: image, atomic_qcow2: image } };
}

function outgoing(topic: string, body: object | string | Buffer, at: number): Outgoing {
  const text = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return {
    topic,
    messageId: randomUUID(),
    headers: {
      fedora_messaging_schema: topic.includes("image_uploader")
        ? "fedora_image_uploader.published.v1.aws"
        : "base.message",
      fedora_messaging_severity: 20,
      "sent-at": new Date(Math.floor(at / 1000) * 1000).toISOString().replace(".000Z", "+00:00"),
      priority: 0,
    },
    body: Buffer.from(text),
  };
}
