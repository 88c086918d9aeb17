import type { Order } from "../domain/image/order.ts";
import type { Kept } from "./limits.ts";

/** Orders of people, in the order they came. All throw `UpstreamError`. */
export interface Orders {
  /** Queues an order and resolves to its id. */
  add(order: PlacedOrder): Promise<string>;
  /** The oldest orders that are not carried out; null for an entry that cannot be understood. */
  waiting(limit: number): Promise<readonly { readonly id: string; readonly order: PlacedOrder | null }[]>;
  /** How many wait; asked of Redis once for all who ask in one turn of the event loop. */
  count(): Promise<number>;
  /** Writes the answer, which is kept for a week, and takes the order from the queue; the first answer stands. */
  answer(id: string, answers: readonly Answer[]): Promise<void>;
  /** Null: not carried out yet. */
  answerTo(id: string): Promise<readonly Answer[] | null>;
  /** The right to carry out orders, one process at a time; null when another has it. */
  lease(): Promise<OrderLease | null>;
}

export interface OrderLease {
  /** Prolongs it; throws `UpstreamError` (`lease-lost`) when it is not ours any more. */
  confirm(): Promise<void>;
  /** Whether all that was written under it survives a failover. Throws `UpstreamError` when some may be lost already. */
  kept(): Promise<Kept>;
  end(): Promise<void>;
}

/** What a person wants: of these images, or of a compose. */
export interface PlacedOrder extends Order {
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
  readonly composeId: string | null;
}

/** What became of an order for one image, or for the compose itself (no AMI). */
export interface Answer {
  readonly region: string | null;
  readonly amiId: string | null;
  readonly happened: string;
  readonly next: string;
}
