import type { Outgoing } from "../../../src/demo/cast/messages.ts";
import { HOUR_MS, type Instant } from "../../../src/domain/time.ts";
import type { Dice } from "../random/mutate.ts";
import type { Calendar, Compose } from "./calendar.ts";

const PREFIX = "org.fedoraproject.prod";
const UPLOADER = "fedora_image_uploader.published.v1.aws.nightly.Cloud_Base";

/** An image that was announced, and whatever people wanted of it since; by the publisher's own book. */
export interface Published {
  readonly amiId: string;
  readonly region: string;
  readonly name: string;
  readonly arch: string;
  readonly snapshotIds: readonly string[];
  readonly compose: Compose;
  /** From the word of a person that it must stay to that of an operator that it may go. */
  readonly holds: { readonly from: Instant; to: Instant | null }[];
}

/** A message, and when it is to be sent. */
interface Planned {
  readonly at: Instant;
  readonly message: Outgoing;
}

/** Where a compose goes: to so many of these, in turn. */
interface Uploads {
  readonly regions: readonly string[];
  readonly copies: number;
}

/** Whoever builds images of Fedora and tells the bus: what is to be said, and the book of what was. */
export class Press {
  readonly images: Published[] = [];
  /** Messages that nobody can understand. */
  rubbish = 0;
  messages = 0;
  readonly #calendar: Calendar;
  readonly #uploads: Uploads;
  readonly #dice: Dice;
  #planned: Planned[] = [];
  #ids = 0;
  /** Copies of composes so far. */
  #copied = 0;

  constructor(calendar: Calendar, uploads: Uploads, dice: Dice) {
    this.#calendar = calendar;
    this.#uploads = uploads;
    this.#dice = dice;
  }

  /** The day's images, which stand in EC2 from their announcement on; what is said of them waits to be sent. */
  begin(day: number, at: Instant): readonly Published[] {
    const images = this.#calendar.composes(day, this.#dice).flatMap((compose) => this.#announce(compose));
    this.images.push(...images);
    if (day % 7 === 3) this.#planRubbish(at + 6 * HOUR_MS, "fedimg.image.publish", { rubbish: day });
    if (day % 28 === 10) this.#planRubbish(at + 6 * HOUR_MS, `${UPLOADER}.x86_64`, oddRegion(day));
    return images;
  }

  /** What is to be said by now, the oldest first. */
  due(now: Instant): readonly Outgoing[] {
    const due = this.#planned.filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
    this.#planned = this.#planned.filter(({ at }) => at > now);
    this.messages += due.length;
    return due.map(({ message }) => message);
  }

  #announce(compose: Compose): readonly Published[] {
    for (const { type, label, afterMs } of compose.says)
      this.#plan(compose.at + afterMs, "pungi.compose.status.change", {
        ...{ status: "FINISHED", compose_id: compose.id, compose_type: type, compose_label: label },
        location: `https://kojipkgs.fedoraproject.org/compose/${compose.id}/compose`,
      });
    if (compose.releasedAfterMs !== null)
      this.#plan(compose.at + compose.releasedAfterMs, "releng.atomic.twoweek.complete", {
        x86_64: { atomic_raw: { compose_id: compose.id, release: "29" } },
      });
    const regions = this.#nextRegions();
    return compose.names.flatMap(({ name, arch }) => this.#announceAs(compose, name, arch, regions));
  }

  #nextRegions(): readonly string[] {
    const { regions, copies } = this.#uploads;
    const turn = this.#copied % regions.length;
    this.#copied += copies;
    return [...regions.slice(turn), ...regions.slice(0, turn)].slice(0, copies);
  }

  #announceAs(compose: Compose, name: string, arch: string, to: readonly string[]): readonly Published[] {
    const images = to.map((region) => this.#image(region, compose, name, arch));
    const regions = Object.fromEntries(images.map(({ region, amiId }) => [region, amiId]));
    const body = { architecture: arch, compose_id: compose.id, image_name: name, regions };
    if (compose.sender === "uploader") this.#plan(compose.at, `${UPLOADER}.${arch}`, body);
    else
      for (const { region, amiId } of images)
        this.#plan(compose.at, "fedimg.image.publish", {
          ...{ compose: compose.id, service: "EC2", architecture: arch, destination: region, image_name: name },
          extra: { id: amiId, virt_type: "hvm", vol_type: "gp2" },
        });
    if (compose.alsoAs !== null)
      this.#plan(compose.at + HOUR_MS, `${UPLOADER}.${arch}`, { ...body, compose_id: compose.alsoAs });
    return images;
  }

  #image(region: string, compose: Compose, name: string, arch: string): Published {
    this.#ids += 1;
    const id = this.#ids.toString(16).padStart(16, "0");
    const snapshotIds = [`snap-0${id}`, ...(this.#ids % 5 === 0 ? [`snap-1${id}`] : [])];
    return { amiId: `ami-0${id}`, region, name, arch, snapshotIds, compose, holds: [] };
  }

  #planRubbish(at: Instant, event: string, body: object): void {
    this.rubbish += 1;
    this.#plan(at, event, body);
  }

  #plan(at: Instant, event: string, body: object): void {
    this.#ids += 1;
    const sentAt = `${new Date(at).toISOString().slice(0, 19)}+00:00`;
    this.#planned.push({
      at,
      message: {
        topic: `${PREFIX}.${event}`,
        messageId: `soak-${this.#ids}`,
        headers: { "sent-at": sentAt },
        body: Buffer.from(JSON.stringify(body)),
      },
    });
  }
}

/** A message whose only region has no image's id. */
function oddRegion(day: number): object {
  const regions = { "us-east-1": `ami-${day}x` };
  return { architecture: "x86_64", compose_id: `Fedora-Rawhide-20200101.n.${day}`, image_name: "odd", regions };
}
