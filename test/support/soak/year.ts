import { DAY_MS, HOUR_MS, type Instant } from "../../../src/domain/time.ts";
import { Dice } from "../random/mutate.ts";
import { Calendar, REGIONS } from "./calendar.ts";
import { incidentsOf, type Incident } from "./incidents.ts";
import { People } from "./people.ts";
import { Press, type Published } from "./press.ts";
import type { Stage } from "./stage.ts";
import { weigh, type Weight } from "./balance/weight.ts";

/** A Monday. */
export const START: Instant = Date.parse("2026-01-05T00:00:00Z");

export interface Size {
  readonly days: number;
  readonly regions: number;
  /** Regions to which a compose is copied: these in turn, so that each has its share. */
  readonly copies: number;
  /** Of a compose, 1 to 4. */
  readonly images: number;
  readonly passesADay: number;
  readonly seed: number;
}

/** What was lived through, for the balance. */
export interface Lived {
  readonly images: readonly Published[];
  readonly messages: number;
  readonly rubbish: number;
  /** What Redis has among the rejected, and had when it forgot them. */
  readonly rejected: number;
  readonly complaints: number;
  readonly resumes: number;
  readonly incidents: readonly Incident[];
  /** When Redis lost everything. */
  readonly lostAt: readonly Instant[];
  /** Of Redis, after three months and at the end. */
  readonly weights: readonly [Weight, Weight];
}

/** Lives the days one after the other. `say`: told how it goes. */
export async function live(stage: Stage, size: Size, say: (line: string) => void): Promise<Lived> {
  const dice = new Dice(size.seed);
  const calendar = new Calendar(START, size.days, size.images);
  const press = new Press(calendar, { regions: REGIONS.slice(0, size.regions), copies: size.copies }, dice);
  const people = new People(stage, dice);
  const incidents = incidentsOf(size.days);
  let [first, isAway]: [Weight | null, boolean] = [null, false];
  await stage.start();
  for (let day = 0; day < size.days; day += 1) {
    const images = press.begin(day, START + day * DAY_MS);
    people.know(images);
    arrange(stage, images);
    for (const incident of incidents) if (incident.day === day) await incident.begin(stage);
    for (const incident of incidents) if (incident.endDay === day) await incident.end(stage);
    if (incidents.some((incident) => incident.day === day && incident.lostAt !== undefined)) people.relapse();
    isAway = !stage.isRunning;
    for (let pass = 0; pass < size.passesADay; pass += 1) {
      stage.time.to(START + day * DAY_MS + HOUR_MS * (3 + (pass * 24) / size.passesADay));
      await stage.send(press.due(stage.time.now()));
      if (isAway) continue;
      if (pass === 1) await people.operate();
      await stage.pass();
      if (pass === size.passesADay - 1) people.complain();
    }
    if (day % 7 === 6) stage.tidy(press.images);
    await stage.time.age(stage.redis, stage.prefix, 7 * DAY_MS);
    if (day === Math.max(18, Math.round(size.days / 4))) first = await weigh(stage);
    if (day % 30 === 29)
      say(`day ${day + 1}: ${press.images.length} images, ${stage.passes} passes, ${stage.failures} failed`);
  }
  const last = await weigh(stage);
  const { messages, rubbish } = press;
  const { complaints, resumes } = people;
  const lostAt = incidents.flatMap(({ lostAt: at }) => at ?? []);
  const rejected = await stage.rejected();
  return {
    images: press.images,
    messages,
    rubbish,
    rejected,
    complaints,
    resumes,
    incidents,
    lostAt,
    weights: [first ?? last, last],
  };
}

/** EC2 has the images, and the compose host what it is to have, from when they are made. */
function arrange({ simulator, host }: Stage, images: readonly Published[]): void {
  for (const { region, amiId, name, arch, snapshotIds, compose } of images)
    simulator.addImage(region, {
      id: amiId,
      name,
      createdAt: compose.at,
      architecture: arch === "aarch64" ? "arm64" : arch,
      snapshots: snapshotIds.map((id) => ({ id, isPublic: true })),
    });
  for (const compose of new Set(images.map((image) => image.compose)))
    if (compose.hosted !== null) host.add({ id: compose.id, ...compose.hosted, place: "cloud" });
}
