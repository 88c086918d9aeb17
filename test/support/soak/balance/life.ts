import type { Test } from "tap";
import { startEc2Simulator } from "../../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble } from "../../../../src/demo/outside/pagure/double.ts";
import { DAY_MS, type Instant } from "../../../../src/domain/time.ts";
import { balanceOf, type Balance, type Seen } from "./balance.ts";
import type { Compose } from "../calendar.ts";
import { PROJECT } from "../doubles.ts";
import type { Published } from "../press.ts";
import { START } from "../year.ts";

const REGION = "us-east-1";

type Deed = Seen["effects"][number]["effect"];

/** A year with one image, whose life is written by hand. */
export interface Life {
  readonly image: Published;
  /** Something happens in EC2 so many days after the announcement. */
  deed(days: number, effect: NonNullable<Deed>): void;
  /** The public is told so many days after the announcement. */
  tell(days: number, section: string): void;
  /** The snapshot goes, or the image, by whatever hand. */
  remove(what: "snapshot" | "image"): void;
  /** The image, or its snapshot, is changed for good. */
  close(): void;
  /** What the balance says so many days after the announcement. */
  balance(days: number, lostAt?: readonly Instant[]): Balance;
}

export async function openLife(t: Pick<Test, "teardown">, fate: Compose["fate"] = "deleted"): Promise<Life> {
  let now = START;
  const simulator = await startEc2Simulator({ now: () => now });
  const forge = await startPagureDouble({ now: () => now });
  t.teardown(() => Promise.all([simulator.close(), forge.close()]));
  forge.tracker.setProject(PROJECT, {});
  const compose = { id: "Fedora-Rawhide-20260105.n.0", at: START, fate, says: [], releasedAfterMs: null };
  const whole = { ...compose, names: [], sender: "uploader", hosted: null, alsoAs: null } as const;
  const ids = { amiId: "ami-00000000000000001", snapshotIds: ["snap-00000000000000001"] };
  const image: Published = { ...ids, region: REGION, name: "x", arch: "x86_64", compose: whole, holds: [] };
  simulator.addImage(REGION, { id: ids.amiId, snapshots: ids.snapshotIds.map((id) => ({ id, isPublic: true })) });
  const effects: { at: Instant; effect: Deed }[] = [];
  const remainsOf: Seen["remainsOf"] = ({ region, amiId, snapshotIds }) => ({
    image: simulator.image(region, amiId),
    snapshots: snapshotIds.map((id) => simulator.snapshot(region, id)),
  });
  const on = (days: number): Instant => (now = START + days * DAY_MS);
  return {
    image,
    deed: (days, effect) => void effects.push({ at: on(days), effect }),
    tell: (days, section) => {
      on(days);
      const content = `## ${section} (1)\n\n| region | AMI |\n| --- | --- |\n| ${REGION} | \`${ids.amiId}\` | 1 |\n`;
      forge.tracker.open(PROJECT, { title: "x", content, author: "bot" });
    },
    remove: (what) => {
      if (what === "snapshot") simulator.removeSnapshot(REGION, ids.snapshotIds[0] ?? "");
      else simulator.changeImage(REGION, ids.amiId, { state: "deregistered", deregisteredAt: now });
    },
    close: () => {
      simulator.changeSnapshot(REGION, ids.snapshotIds[0] ?? "", { permission: { isPublic: false, userIds: [] } });
    },
    balance: (days, lostAt = []) => {
      on(days);
      return balanceOf({ time: { now: () => now }, forge, effects, remainsOf }, { images: [image], lostAt });
    },
  };
}
