import { Beyond } from "./beyond.ts";
import { Journal } from "./journal.ts";
import type { JournalEntry } from "./journal.ts";
import { serve } from "./serve.ts";
import type { Desk } from "./serve.ts";
import { Armed } from "../armed.ts";
import type { Fault, Faults } from "./state/faults.ts";
import type {
  ImageRecord,
  InstanceRecord,
  NewImage,
  NewInstance,
  NewSnapshot,
  RegionSettings,
  SnapshotRecord,
} from "./state/records.ts";
import { World } from "./state/world.ts";
import { Keyring } from "./wire/keys.ts";
import type { Accounts } from "./wire/keys.ts";
import { listen } from "../listen.ts";

export interface Ec2SimulatorOptions {
  /** Epoch milliseconds. Default: this machine's clock. */
  readonly now?: () => number;
  /** By access key id; what is put in belongs to the first one. Default: 111122223333 with the key `simulated` and any secret. */
  readonly accounts?: Accounts;
  /** Whether regions begin with EC2's token buckets, by the clock of `now`. Default false. */
  readonly throttling?: boolean;
  /** The names of all regions. Default: any name is one, and known from when it is first used. */
  readonly regions?: readonly string[];
  /** Told of each call that EC2 answers and the simulator does not. Default: a line on standard error, and `close` rejects. */
  readonly onNotSimulated?: (call: string) => void;
}

/** The account number is one of AWS's examples. */
const DEFAULT_ACCOUNTS: Accounts = { simulated: { id: "111122223333" } };

/** An EC2 on this machine for all regions, with the strings to pull. */
export interface Ec2Simulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly journal: Journal;
  readonly faults: Faults;
  /** Puts an image, and the snapshots under it, into a region past the API. */
  addImage(region: string, image?: NewImage): ImageRecord;
  addSnapshot(region: string, snapshot?: NewSnapshot): SnapshotRecord;
  /** Puts an instance into a region past the API; a terminated one is shown for an hour. */
  addInstance(region: string, instance: NewInstance): InstanceRecord;
  /** As it is now, deregistered ones included; null when there never was one. */
  image(region: string, id: string): ImageRecord | null;
  images(region: string): readonly ImageRecord[];
  /** Null when it was deleted or never was. */
  snapshot(region: string, id: string): SnapshotRecord | null;
  snapshots(region: string): readonly SnapshotRecord[];
  /** Another hand at work: changes an image past the API, the journal and every refusal. */
  changeImage(region: string, id: string, changes: Partial<Omit<ImageRecord, "id">>): ImageRecord;
  changeSnapshot(region: string, id: string, changes: Partial<Omit<SnapshotRecord, "id">>): SnapshotRecord;
  changeInstance(region: string, id: string, changes: Partial<Omit<InstanceRecord, "id">>): InstanceRecord;
  removeSnapshot(region: string, id: string): void;
  /** Nothing is known of an image any more: what was deregistered is kept else, for whoever looks. */
  removeImage(region: string, id: string): void;
  /** How a region behaves from now on; what is left out stays. */
  configure(region: string, settings: Partial<RegionSettings>): void;
  /**
   * What answers say of the time from now on (`Date`, by which the SDK signs). Default: this machine's clock, not that of `now`.
   */
  tellTime(now: () => number): void;
  /** Calls the listener with each further entry of the journal; the returned function ends that. */
  onCall(listener: (entry: JournalEntry) => void): () => void;
  /** The next call, from now on, that matches; rejects when the simulator is closed first. */
  nextCall(match?: (entry: JournalEntry) => boolean): Promise<JournalEntry>;
  /**
   * Cuts every connection and frees the port; may be called twice. Rejects after that when something was asked that is not
   * simulated, and `onNotSimulated` was not given.
   */
  close(): Promise<void>;
}

/** Starts an EC2 simulator on a free port of 127.0.0.1. It holds no image yet. */
export async function startEc2Simulator(options: Ec2SimulatorOptions = {}): Promise<Ec2Simulator> {
  const now = options.now ?? Date.now;
  const accounts = options.accounts ?? DEFAULT_ACCOUNTS;
  const [first] = Object.values(accounts);
  if (first === undefined) throw new Error("The EC2 simulator needs an account.");
  const world = new World(now, first.id, { throttling: options.throttling ?? false }, options.regions ?? null);
  const journal = new Journal();
  const faults = new Armed<Fault>();
  const keys = new Keyring(accounts);
  const beyond = new Beyond(options.onNotSimulated ?? null);
  const server = await listen("The EC2 simulator");
  let told = (): number => Date.now();
  const tellsTime = (): number => told();
  const desk: Desk = { world, keys, faults, journal, beyond, now, tellsTime, closing: server.closing };
  server.serve((incoming, outgoing) => serve(desk, incoming, outgoing));

  return {
    url: server.origin,
    journal,
    faults,
    addImage: (region, image = {}) => world.addImage(region, image),
    addSnapshot: (region, snapshot = {}) => world.addSnapshot(region, snapshot),
    addInstance: (region, instance) => world.addInstance(region, instance),
    image: (region, id) => world.region(region).image(id),
    images: (region) => world.region(region).images(),
    snapshot: (region, id) => world.region(region).snapshot(id),
    snapshots: (region) => world.region(region).snapshots(),
    changeImage: (region, id, changes) => world.changeImage(region, id, changes),
    changeSnapshot: (region, id, changes) => world.changeSnapshot(region, id, changes),
    changeInstance: (region, id, changes) => world.changeInstance(region, id, changes),
    removeSnapshot: (region, id) => {
      world.region(region).removeSnapshot(id);
    },
    removeImage: (region, id) => {
      world.region(region).removeImage(id);
    },
    configure: (name, settings) => {
      const region = world.region(name);
      region.settings = { ...region.settings, ...settings };
    },
    tellTime: (instead) => {
      told = instead;
    },
    onCall: (listener) => journal.listen(listener),
    nextCall: (match = () => true) => journal.next(match, server.closing),
    close: async () => {
      await server.close();
      beyond.conclude();
    },
  };
}
