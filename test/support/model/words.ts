import fc from "fast-check";

/** What the world can do to the service; every number is taken modulo what there is. */
export type Command =
  | { readonly do: "upload"; readonly compose: number; readonly region: number; readonly open: boolean }
  | { readonly do: "repeat"; readonly image: number; readonly asOther: boolean }
  /** `dies`: the process remembers the fact, dies, and is told again in the end. */
  | { readonly do: "say"; readonly compose: number; readonly saying: number; readonly dies: boolean }
  | { readonly do: "release"; readonly compose: number; readonly dies: boolean }
  | {
      readonly do: "order";
      readonly verb: "hold" | "release" | "restore" | "retry";
      /** Of a whole compose, or of one image. */
      readonly whole: boolean;
      readonly target: number;
      /** The end of a hold; null: none. */
      readonly days: number | null;
      /** The process dies at this call while it carries the order out; null: it lives. */
      readonly crash: number | null;
    }
  | {
      readonly do: "ec2";
      readonly action: string;
      /** `stalled`: the call is done, or not, and half of its answer never comes. */
      readonly trouble: "denied" | "broken" | "cut" | "stalled undone" | "stalled";
      readonly times: number;
    }
  /** EC2, or one action of it, answers every call with a code, for so many passes, and is well again. */
  | { readonly do: "code"; readonly code: string; readonly action: string | null; readonly passes: number }
  | { readonly do: "pagure"; readonly trouble: "refuses" | "cuts" | "does and cuts"; readonly times: number }
  | {
      readonly do: "crash";
      readonly who: "ticker" | "reporter";
      readonly call: number;
      readonly when: "before" | "after";
    }
  /** Somebody else deregisters an image; or EC2 does not show it, or nothing at all in its region, for so many passes. */
  | {
      readonly do: "vanish";
      readonly image: number;
      readonly how: "deregistered" | "unseen" | "all unseen";
      readonly passes: number;
    }
  /** Redis comes back in another run, without what was heard since anything was last done. */
  | { readonly do: "cut" }
  /** A pass by a process whose own clock is wrong by so much. */
  | { readonly do: "jump"; readonly hours: number }
  /** A queue of a region is lost; or one field of an image's record cannot be read for a pass. */
  | { readonly do: "redis"; readonly loses: "queue" | "field"; readonly which: number; readonly image: number }
  | { readonly do: "pass"; readonly hours: number };

/** What a message of pungi says of a compose. */
interface Saying {
  readonly compose_type: string;
  readonly compose_label: string;
}

/** A compose that images come from, and what may be said of it: the same again, or something else. */
export interface Compose {
  readonly id: string;
  readonly name: string;
  readonly sayings: readonly Saying[];
}

const nightly: Saying = { compose_type: "nightly", compose_label: "" };
const production = (label: string): Saying => ({ compose_type: "production", compose_label: label });

export const REGIONS = ["eu-west-1", "us-east-1"];

export const COMPOSES: readonly Compose[] = [
  ...["20261119", "20261120", "20261121"].map((day) => ({
    id: `Fedora-Rawhide-${day}.n.0`,
    name: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.0`,
    sayings: [nightly, nightly, nightly, production("RC-1.2")],
  })),
  ...["20261122", "20261123"].map((day) => ({
    id: `Fedora-Cloud-43-${day}.0`,
    name: `Fedora-Cloud-Base-AmazonEC2.x86_64-43-${day}.0`,
    sayings: [`RC-${day}.0`, `RC-${day}.0`, `RC-${day}.0`, "RC-1.2", ""].map(production),
  })),
  {
    id: "Fedora-Cloud-43-20261124.t.0",
    name: "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20261124.t.0",
    sayings: [{ compose_type: "test", compose_label: "" }],
  },
];

/**
 * What has to become of a compose's images, by the design's section 7 and the different labels that were said of it. Null:
 * nobody can know yet, and nothing may be done.
 */
export function verdictOf({ id }: Compose, labels: ReadonlySet<string>, isReleased: boolean): "delete" | "keep" | null {
  if (isReleased || id.includes(".t.") || labels.size > 1) return "keep";
  const [label] = labels;
  // A nightly that is said to be a release is a contradiction.
  if (id.includes(".n.")) return label === undefined || label === "" ? "delete" : "keep";
  if (label === undefined) return null;
  return label === `RC-${/\d{8}/.exec(id)?.[0] ?? ""}.0` ? "delete" : "keep";
}

const ACTIONS = [
  ...["CreateTags", "DeleteTags", "ModifyImageAttribute", "ModifySnapshotAttribute", "DeregisterImage"],
  ...["DeleteSnapshot", "DescribeImages", "DescribeSnapshotAttribute"],
];

/** By "Error codes for the Amazon EC2 API" these speak of the account, its credentials or a whole region, never of one image. */
export const CODES_FOR_ALL = [
  ...["ExpiredToken", "RequestExpired", "InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "Blocked"],
  ...["OptInRequired", "PendingVerification", "RequestLimitExceeded", "Throttling"],
];
const CODES_OF_IMAGES = [
  ...["UnauthorizedOperation", "OperationNotPermitted", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"],
  ...["InvalidSnapshot.InUse", "IncorrectState", "ResourceLimitExceeded", "InvalidAction", "InvalidParameterValue"],
  ...["ServiceUnavailable", "SomethingNew"],
];

const index = fc.nat(1000);

const UPLOAD: fc.Arbitrary<Command> = fc.record({
  do: fc.constant("upload" as const),
  compose: index,
  region: index,
  open: fc.boolean(),
});

const COMMAND: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: UPLOAD,
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), image: index, asOther: oneIn(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("say" as const), compose: index, saying: index, dies: oneIn(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("release" as const), compose: index, dies: oneIn(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("order" as const),
      verb: fc.constantFrom(
        "hold" as const,
        "release" as const,
        "release" as const,
        "restore" as const,
        "retry" as const,
      ),
      whole: oneIn(3),
      target: index,
      days: fc.option(fc.integer({ min: 1, max: 6 })),
      crash: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("ec2" as const),
      action: fc.constantFrom(...ACTIONS),
      trouble: fc.constantFrom(
        ...(["denied", "denied", "broken", "broken", "cut", "cut", "stalled undone", "stalled"] as const),
      ),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("code" as const),
      code: fc.constantFrom(...CODES_FOR_ALL, ...CODES_OF_IMAGES),
      action: fc.option(fc.constantFrom(...ACTIONS), { freq: 3 }),
      passes: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pagure" as const),
      trouble: fc.constantFrom("refuses" as const, "cuts" as const, "does and cuts" as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      who: fc.constantFrom("ticker" as const, "ticker" as const, "reporter" as const),
      call: fc.integer({ min: 1, max: 40 }),
      when: fc.constantFrom("before" as const, "after" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "cut" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("jump" as const), hours: fc.constantFrom(720, 1, -1, -720) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("vanish" as const),
      image: index,
      how: fc.constantFrom("deregistered" as const, "unseen" as const, "all unseen" as const),
      passes: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("redis" as const),
      loses: fc.constantFrom("queue" as const, "field" as const),
      which: index,
      image: index,
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("pass" as const), hours: fc.integer({ min: 1, max: 96 }) }) },
);

function oneIn(count: number): fc.Arbitrary<boolean> {
  return fc.nat(count - 1).map((dice) => dice === 0);
}

/** A story that is long enough to bring the first images from their upload to their end. */
export const STORY: fc.Arbitrary<readonly Command[]> = fc
  .tuple(fc.array(UPLOAD, { minLength: 1, maxLength: 3 }), fc.array(COMMAND, { maxLength: 50, size: "max" }))
  .map(([uploads, commands]) => [...uploads, ...commands]);

/** The entry of that number, counted around and around. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error("there is nothing to choose from");
  return found;
}

/** The same; null when there is none. */
export function pick<T>(list: readonly T[], index: number): T | null {
  return list.length === 0 ? null : at(list, index);
}
