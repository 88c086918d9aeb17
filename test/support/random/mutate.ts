/** Numbers that look random and are the same in every run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to `sides - 1`; mulberry32. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.roll(from.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }
}

type Node = Record<string, unknown>;

const OTHER_TEXTS = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "null",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "us-east-1}:private",
  "ami-",
  "ami-0AAAAAAAAAAAAAAA0",
  "EC2 ()",
  "Fedora-24-20160230.n.0",
  "Fedora-24-20160314.constructor.0",
  "2018-02-30T00:00:00Z",
  "RC-1.1",
  "RC-20260122.0",
  "production",
  "😀".repeat(20),
  "x".repeat(130),
  "x".repeat(300),
];
const OTHER_TYPES = [null, true, false, 0, -1, 1e308, 20180425, [], {}, [null], [[]], { id: null }, { a: { b: null } }];
const EXTRA_KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "compose_id",
  "status",
  "note",
  "label",
  "",
  "hasOwnProperty",
];

/** Every object within a value, the value itself first. */
function objectsIn(value: unknown, found: Node[] = []): Node[] {
  if (typeof value !== "object" || value === null) return found;
  found.push(value as Node);
  for (const inner of Object.values(value)) objectsIn(inner, found);
  return found;
}

/** Sets a key of its own, as JSON.parse does, whatever the key is. */
function put(node: Node, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
}

/** An AMI id is only ever spoilt, lost or given to another region: no mutant names an image that nobody named. */
function otherValue(before: unknown, dice: Dice): unknown {
  switch (dice.roll(6)) {
    case 0:
    case 1:
      return structuredClone(dice.pick(OTHER_TYPES));
    case 2:
      return typeof before === "string" ? before.length : JSON.stringify({ before });
    case 3:
      return typeof before === "string" && !before.startsWith("ami-") ? before.repeat(1 + dice.roll(40)) : null;
    default:
      return dice.pick(OTHER_TEXTS);
  }
}

const nested = (before: unknown, dice: Dice): unknown => {
  let value = before;
  for (let depth = dice.roll(30); depth >= 0; depth -= 1)
    value = dice.roll(2) === 0 ? [value] : { [dice.pick(EXTRA_KEYS)]: value };
  return value;
};

function mutateOnce(body: Node, dice: Dice): void {
  const node = dice.pick(objectsIn(body));
  const keys = Object.keys(node);
  const key = keys.length === 0 ? "x" : dice.pick(keys);
  const before = node[key];
  switch (dice.roll(8)) {
    case 0:
      Reflect.deleteProperty(node, key);
      return;
    case 1:
    case 2:
      put(node, key, otherValue(before, dice));
      return;
    case 3:
      put(node, key, nested(before, dice));
      return;
    case 4:
      // Renamed: a region that is none, or a body without a key that it needs.
      Reflect.deleteProperty(node, key);
      put(node, dice.pick([...EXTRA_KEYS, ...OTHER_TEXTS]), before);
      return;
    default:
      put(node, dice.pick(EXTRA_KEYS), otherValue("text", dice));
  }
}

/** A copy of a message body with one to three things changed. */
export function mutated(body: object, dice: Dice): object {
  const copy = structuredClone(body) as Node;
  for (let changes = 1 + dice.roll(3); changes > 0; changes -= 1) mutateOnce(copy, dice);
  return copy;
}

/** Headers with another `sent-at`, now and then. */
export function mutatedHeaders(headers: Readonly<Node>, dice: Dice): Readonly<Node> {
  return dice.roll(4) === 0 ? { ...headers, "sent-at": otherValue(headers["sent-at"], dice) } : headers;
}

/** The bytes of a body, sometimes cut off or with one byte too much that no UTF-8 has. */
export function damaged(text: string, dice: Dice): { readonly bytes: Buffer; readonly isWhole: boolean } {
  const bytes = Buffer.from(text);
  const at = dice.roll(bytes.length);
  switch (dice.roll(20)) {
    case 0:
      return { bytes: bytes.subarray(0, at), isWhole: false };
    case 1:
      return { bytes: Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at)]), isWhole: false };
    default:
      return { bytes, isWhole: true };
  }
}
