/** What is done to an image whose calls are counted. */
export const ACTS = ["make private", "delete", "restore"] as const;
export type Act = (typeof ACTS)[number];

/**
 * What happens at a call. The process is killed when its request is received, when its answer is withheld, or after it was
 * sent. Or the process is stopped when the request is received, and goes on when another ticker has taken its image over
 * (`overtaken`), or when a release of the compose was heard (`released`); or it is killed then (`released-killed`).
 */
export const KILLS = ["received", "withheld", "sent"] as const;
export type Kill = (typeof KILLS)[number];
export type Moment = Kill | "overtaken" | "released" | "released-killed";

/** A call of an act, counted from 1, and what happens there. */
export interface Point {
  readonly act: Act;
  readonly moment: Moment;
  readonly call: number;
}

/** What a proxy tells of a call that it has passed on; it goes on when the promise resolves. */
export interface PassedCall {
  /** The answer is there, whole, and the effect with it. */
  readonly answered: () => Promise<void>;
  /** The answer is in the hands of the operating system. */
  readonly sent: () => void;
  /** What the client gets for an answer in the place of the server's own; absent: the server's own. */
  readonly instead?: () => string;
}

/** Told by a proxy of each request, before it is passed on; a promise that never resolves stops it there. */
export type Watch = (call: string) => Promise<PassedCall>;

/**
 * Whether a call is counted. Clocks, the identity of Redis' run and the types of keys are asked in between, now once and now
 * twice, and a point at them would be another one each time.
 */
function isCounted(call: string): boolean {
  return !/^redis (?:TIME|INFO|TYPE|SCAN|PING|QUIT)\b|^redis HGET \S*\{control\}:ears$/.test(call);
}

/** Calls that only read: of Redis, and of EC2, STS and the tracker. */
const READS = new RegExp(
  [
    "^redis (?:GET|H?MGET|HGET(?:ALL)?|HEXISTS|HKEYS|EXISTS|P?TTL|SCARD|SMEMBERS|SMISMEMBER|SSCAN|XLEN|XRANGE|XREVRANGE)\\b",
    "^redis (?:ZCOUNT|ZMSCORE|ZRANGE|ZRANGEBYSCORE|ZREVRANGE|ZSCORE)\\b",
    "^ec2 (?:Describe|Get)",
    "^\\w+ GET ",
  ].join("|"),
);

/** Whether a call may leave something behind; one that nobody knows may. */
export function isChange(call: string): boolean {
  return !READS.test(call);
}

/**
 * Counts the calls to all servers in one sequence, in the order in which their requests arrive, and does something at one of
 * them. It counts from the first call that names `from`, and what came before is passed on.
 */
export class CallCounter {
  readonly names: string[] = [];
  readonly #from: string;
  readonly #point: Pick<Point, "call" | "moment"> | null;
  readonly #happen: () => Promise<void>;

  constructor(from: string, point: Pick<Point, "call" | "moment"> | null, happen: () => Promise<void>) {
    this.#from = from;
    this.#point = point;
    this.#happen = happen;
  }

  watch: Watch = async (call) => {
    const isNew = isCounted(call) && (this.names.length > 0 || call.includes(this.#from));
    // Each scene has a key prefix of its own.
    if (isNew) this.names.push(call.replace(/sweep-[\da-f-]+:/, ""));
    const moment = isNew && this.names.length === this.#point?.call ? this.#point.moment : null;
    if (moment !== null && moment !== "withheld" && moment !== "sent") await this.#happen();
    return {
      answered: async () => {
        if (moment === "withheld") await this.#happen();
      },
      sent: () => {
        if (moment === "sent") void this.#happen();
      },
    };
  };
}
