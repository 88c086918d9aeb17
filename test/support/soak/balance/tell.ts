import { WRONGS, type Balance } from "./balance.ts";
import type { Weight } from "./weight.ts";
import type { Lived, Size } from "../year.ts";

/** Of what Redis keeps, a tenth more at the end than after a quarter is no growth. */
export const MOST_GROWTH = 1.1;
const MIB = 1024 * 1024;

/** What the end of a soak is told with. */
export interface End {
  readonly size: Size;
  readonly lived: Lived;
  readonly balance: Balance;
}

/** How Redis has grown since a quarter of the days, for each image that lives, and for each that is remembered: seasons differ in how many. */
export function growthOf([first, last]: Lived["weights"]): { readonly living: number; readonly remembered: number } {
  return { living: perLiving(last) / perLiving(first), remembered: perImage(last) / perImage(first) };
}

/** Every line of the balance, for people. */
export function linesOf({ size, lived, balance }: End): readonly string[] {
  const { published, acted, kept, waiting, held, snapshots, deletedSnapshots, wrong } = balance;
  const [first, last] = lived.weights;
  const growth = growthOf(lived.weights);
  const { days, regions, copies, images, seed } = size;
  return [
    `soak       ${days} days, ${regions} regions, a compose goes to ${copies} of them as ${images} images, --seed ${seed}`,
    `incidents  ${lived.incidents.map(({ what, day, endDay }) => `${what} (day ${day}${endDay > day ? ` to ${endDay}` : ""})`).join(", ")}`,
    `people     ${lived.complaints} complaints, ${lived.resumes} stops lifted`,
    `published  ${published} images in ${lived.messages} messages, ${lived.rubbish} of them rubbish`,
    `           ${acted} deleted, ${kept} kept, ${waiting} waiting, ${held} held: ${acted + kept + waiting + held}`,
    `rejected   ${lived.rejected} of ${lived.rubbish}`,
    `snapshots  ${snapshots}: ${deletedSnapshots} deleted, ${snapshots - deletedSnapshots} stand`,
    ...WRONGS.map((name) => `${name.padEnd(10)} ${wrong[name].length}`),
    `Redis      ${perLiving(first).toFixed(0)} bytes for each image that lives after a quarter, ${perLiving(last).toFixed(0)} at the end (${growth.living.toFixed(3)}); ${mib(last.living)} for ${last.records - last.over}`,
    `           ${perImage(first).toFixed(0)} bytes for each image remembered, ${perImage(last).toFixed(0)} at the end (${growth.remembered.toFixed(3)}); ${mib(last.remembered)} for ${last.over}`,
  ];
}

function perLiving({ living, records, over }: Weight): number {
  return living / (records - over);
}

function perImage({ remembered, records }: Weight): number {
  return remembered / records;
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(2)} MiB`;
}
