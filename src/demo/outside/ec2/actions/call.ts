import type { ImageState, RegionSettings } from "../state/records.ts";
import type { Region } from "../state/region.ts";
import type { Parameters } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** What a call changed. */
export type Effect =
  | { readonly kind: "image-permission"; readonly imageId: string; readonly isPublic: boolean }
  | { readonly kind: "image-description"; readonly imageId: string }
  | { readonly kind: "image-state"; readonly imageId: string; readonly state: ImageState }
  | { readonly kind: "image-protection"; readonly imageId: string; readonly protection: string }
  | { readonly kind: "image-deregistered"; readonly imageId: string; readonly deletedSnapshotIds: readonly string[] }
  | { readonly kind: "snapshot-permission"; readonly snapshotId: string; readonly isPublic: boolean }
  | { readonly kind: "snapshot-deleted"; readonly snapshotId: string }
  | { readonly kind: "usage-report"; readonly reportId: string }
  | { readonly kind: "tags"; readonly resourceIds: readonly string[]; readonly keys: readonly string[] }
  | { readonly kind: "block-public-access"; readonly state: RegionSettings["blockPublicAccess"] };

/** A call that is well-formed and signed by an account we know. */
export interface Call {
  readonly parameters: Parameters;
  readonly region: Region;
  /** All that there are, by name. */
  readonly regions: readonly Region[];
  /** The account's number. */
  readonly account: string;
  readonly now: number;
  readonly isDenied: (action: string) => boolean;
}

/** What the call would answer, and what it would change: nothing is done before `apply`, so that it is all or nothing. */
export interface Outcome {
  readonly answer: XmlElements;
  readonly change?: { readonly effect: Effect; readonly apply: () => void };
}

/** One action of the API. */
export interface Action {
  /** False for Describe… and Get…. */
  readonly mutates: boolean;
  /** All parameters it knows besides Action, Version and DryRun; `#` stands for an index. */
  readonly parameters: readonly string[];
  /** Looks and decides, throws an `Ec2Error` to refuse. */
  readonly run: (call: Call) => Outcome;
}

export type Actions = Readonly<Record<string, Action>>;

/** `<return>true</return>`: success of the actions without an answer of their own. */
export const DONE: XmlElements = { return: true };
