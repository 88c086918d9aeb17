import { tickRegion } from "../../../src/act/tick.ts";
import { resolveRegion } from "../../../src/decide/resolve.ts";
import type { Fact } from "../../../src/domain/compose/facts.ts";
import { HOUR_MS, DAY_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import type { Log, PlacedOrder } from "../../../src/ports/index.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { cutBack, Memory } from "./memory.ts";
import { IS_HELD, Oracle } from "./oracle.ts";
import { wrongPass } from "./wrong-clock.ts";
import { subjectOf, type Subject } from "./subject.ts";
import { bugsIn, countCalls, survive, type Lived } from "./survive.ts";
import { Codes, troubleEc2, troublePagure, troubleRedis } from "./trouble.ts";
import { Vanished } from "./vanish.ts";
import { at, COMPOSES, pick, REGIONS, type Command, type Compose } from "./words.ts";
import { CallCounter } from "../scenes/crash.ts";
import { UPLOADER, type World } from "../world/world.ts";

const ACTS: readonly string[] = ["pass", "crash", "cut", "jump"];
/** How long the end of a story may take, in steps of three and a half days: holds, refusals and new notices included. */
const MOST_STEPS = 25;

/** A story as it is lived, command by command. */
export class Run {
  readonly oracle: Oracle;
  readonly #world: World;
  readonly lived: Lived;
  readonly #log: Log;
  /** Lifts troubles that are still armed. */
  readonly #lifts: (() => unknown)[] = [];
  readonly memory: Memory;
  readonly #codes = new Codes();
  readonly #vanished: Vanished;
  readonly #unacknowledged: (() => Promise<unknown>)[] = [];

  constructor(world: World, lived: Lived) {
    this.#world = world;
    this.lived = lived;
    this.oracle = new Oracle(world);
    this.memory = new Memory(world);
    this.#log = bugsIn(this.oracle.wrong);
    this.#vanished = new Vanished(world);
  }

  async do(command: Command): Promise<void> {
    this.lived.commands += 1;
    switch (command.do) {
      case "upload":
        await this.#upload(command);
        break;
      case "repeat":
        await this.#repeat(command);
        break;
      case "say":
        await this.#say(command);
        break;
      case "release": {
        const compose = at(COMPOSES, command.compose);
        this.oracle.release(compose);
        const body = { atomic_raw: { compose_id: compose.id } };
        const fact = { composeId: compose.id, released: true } as const;
        await this.#tell("releng.atomic.twoweek.complete", body, fact, command.dies);
        break;
      }
      case "order":
        await this.#order(command);
        break;
      case "ec2":
        troubleEc2(this.#world, command);
        break;
      case "code":
        this.#codes.add(this.#world, command);
        break;
      case "pagure":
        this.#lifts.push(troublePagure(this.#world, command));
        break;
      case "crash":
        await this.#crash(command);
        break;
      case "vanish":
        this.#vanished.add(pick(this.oracle.subjects, command.image), command, this.lived);
        break;
      case "cut":
        await cutBack(this.#world, this, (region) => this.#tick(region, new CallCounter(null)));
        break;
      case "jump":
        this.lived.jumps += 1;
        await wrongPass(this.#world, command.hours * HOUR_MS, this);
        break;
      case "redis":
        await troubleRedis(this.#world, pick(this.oracle.subjects, command.image), command, () => this.#pass());
        break;
      case "pass":
        this.#world.clock.advance(command.hours * HOUR_MS);
        await this.#pass();
        this.#codes.endPass();
        this.#vanished.endPass();
    }
    // What is said from then on is lost when Redis is cut back: nothing was done on it.
    if (ACTS.includes(command.do)) await this.memory.keep(this.oracle.mark());
    await this.oracle.check();
  }

  /** All trouble ends, every hold is released, and enough time passes. */
  async finish(): Promise<void> {
    for (const lift of this.#lifts) lift();
    this.#world.simulator.faults.clear();
    this.#vanished.end();
    for (const hearAgain of this.#unacknowledged) await hearAgain();
    const order = { do: "order", verb: "release", days: null, crash: null } as const;
    for (const target of COMPOSES.keys()) await this.#order({ ...order, whole: true, target });
    for (let step = 0; step < MOST_STEPS && !this.oracle.isOver(); step += 1) {
      this.#world.clock.advance(3.5 * DAY_MS);
      for (let passes = 0; passes < 2; passes += 1) {
        this.#world.clock.advance(10 * MINUTE_MS);
        await this.#pass();
      }
      // What was still being given back, perhaps refused for a week, is held only now.
      for (const target of COMPOSES.keys()) await this.#order({ ...order, whole: true, target });
      await this.oracle.check();
      if (this.oracle.wrong.length > 0) return;
    }
    this.oracle.checkEnd();
    this.lived.deletions += this.oracle.subjects.filter((subject) => this.oracle.isDeleted(subject)).length;
    this.lived.gone += this.oracle.subjects.filter(({ stage }) => stage === "gone").length;
    countCalls(this.#world, this.lived);
  }

  async #say({ compose: number, saying: which, dies }: Command & { do: "say" }): Promise<void> {
    const compose = at(COMPOSES, number);
    const saying = at(compose.sayings, which);
    const { compose_type: type, compose_label: label } = saying;
    this.oracle.say(compose, label);
    const fact = { composeId: compose.id, type, label: label === "" ? null : label };
    await this.#tell("pungi.compose.status.change", { compose_id: compose.id, ...saying }, fact, dies);
  }

  /** A message comes; or its fact is remembered, and the process dies before anything else. */
  async #tell(topic: string, body: object, fact: Omit<Fact, "source" | "at" | "by">, dies: boolean): Promise<void> {
    const at = this.#world.clock.now();
    this.memory.archive(() => this.#world.hear(topic, body, at));
    if (!dies) {
      await this.#world.hear(topic, body);
      return;
    }
    const by = { source: "pungi", at: this.#world.clock.now(), by: "a message" } as const;
    await this.#world.ingester.facts.remember({ ...fact, ...by });
    this.#unacknowledged.push(() => this.#world.hear(topic, body));
  }

  async #upload({ compose: number, region: place, open }: Command & { do: "upload" }): Promise<void> {
    const [compose, region] = [at(COMPOSES, number), at(REGIONS, place)];
    const tail = String(this.oracle.subjects.length + 1).padStart(16, "0");
    const amiId = `ami-a${tail}`;
    this.#world.simulator.addImage(region, {
      id: amiId,
      name: compose.name,
      userIds: open ? [] : ["999988887777"],
      snapshots: ["b", "c"].map((first) => ({ id: `snap-${first}${tail}`, isPublic: open || first === "b" })),
    });
    const subject = subjectOf(this.#world, region, amiId, compose);
    this.oracle.subjects.push(subject);
    await this.#announce(subject, compose);
  }

  async #repeat({ image, asOther }: Command & { do: "repeat" }): Promise<void> {
    const subject = pick(this.oracle.subjects, image);
    if (subject === null) return;
    const other = COMPOSES.find((compose) => compose !== subject.compose) ?? subject.compose;
    if (asOther) subject.isContradicted = true;
    await this.#announce(subject, asOther ? other : subject.compose);
  }

  async #announce({ region, amiId }: Subject, { id, name }: Compose): Promise<void> {
    const body = { architecture: "x86_64", compose_id: id, image_name: name, regions: { [region]: amiId } };
    const at = this.#world.clock.now();
    this.memory.archive(() => this.#world.hear(UPLOADER, body, at));
    await this.#world.hear(UPLOADER, body);
  }

  async #order({ verb, whole, target, days, crash }: Command & { do: "order" }): Promise<void> {
    const subject = pick(this.oracle.subjects, target);
    if (!whole && subject === null) return;
    const now = this.#world.clock.now();
    const until = days === null || verb === "release" || verb === "retry" ? null : now + days * DAY_MS;
    const compose = at(COMPOSES, target);
    const order: PlacedOrder = {
      verb,
      by: "relengbot",
      why: "the model says so",
      until,
      at: now,
      images: whole || subject === null ? [] : [{ region: subject.region, amiId: subject.amiId }],
      composeId: whole ? compose.id : null,
    };
    const id = await this.#world.clerk.orders.add(order);
    if (crash !== null) await this.#orders(new CallCounter({ call: crash, when: "after" }));
    await this.#orders(new CallCounter(null));
    if (whole && (verb === "hold" || verb === "restore")) this.oracle.hold(compose, until ?? Infinity);
    if (whole && verb === "release") this.oracle.hold(compose, null);
    const answers = await this.#world.clerk.orders.answerTo(id);
    if (answers === null) this.oracle.wrong.push(`nobody answered ${JSON.stringify(order)}`);
    for (const { region, amiId, happened } of answers ?? []) {
      const named = this.oracle.subjects.find((each) => each.region === region && each.amiId === amiId);
      if (named === undefined) continue;
      const isStanding = this.oracle.image(named).state === "available";
      if ((verb === "hold" || verb === "restore") && IS_HELD.test(happened) && isStanding)
        this.oracle.hold(named, until ?? Infinity);
      if (verb === "release" && happened === "released") this.oracle.hold(named, null);
    }
  }

  async #orders(counter: CallCounter): Promise<void> {
    const { orders, schedule, facts, ...others } = this.#world.clerk;
    const wrapped = { orders: counter.wrap(orders), schedule: counter.wrap(schedule), facts: counter.wrap(facts) };
    await survive(this.#world, this.lived, () => carryOutOrders({ ...others, ...wrapped, log: this.#log }));
  }

  async #crash({ who, call, when }: Command & { do: "crash" }): Promise<void> {
    const counter = new CallCounter({ call, when });
    this.#world.clock.advance(HOUR_MS);
    await this.memory.catchUp();
    if (who === "reporter") await this.#report(counter);
    else for (const region of REGIONS) await this.#tick(region, counter);
  }

  async #pass(): Promise<void> {
    await this.memory.catchUp();
    const alive = new CallCounter(null);
    for (const region of REGIONS) {
      await survive(this.#world, this.lived, () => resolveRegion(region, this.#world.ticker));
      await this.#tick(region, alive);
    }
    await this.#report(alive);
  }

  async #tick(region: string, counter: CallCounter): Promise<void> {
    await this.#vanished.passOver(region, this.oracle.subjects);
    const { images, schedule, facts, ...others } = this.#world.ticker;
    const wrapped = { images: counter.wrap(images), schedule: counter.wrap(schedule), facts: counter.wrap(facts) };
    const ticker = { ...others, ...wrapped, log: this.#log, listen: this.memory.listen };
    await survive(this.#world, this.lived, () => tickRegion(region, ticker));
  }

  async #report(counter: CallCounter): Promise<void> {
    const { reports, schedule, ...others } = this.#world.reporter;
    const wrapped = { reports: counter.wrap(reports), schedule: counter.wrap(schedule) };
    await survive(this.#world, this.lived, () => reportOnce({ ...others, ...wrapped }));
  }
}
