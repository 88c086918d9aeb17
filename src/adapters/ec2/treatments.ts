import type { RefusalCode } from "../../domain/plan/refusal.ts";
import type { Scope } from "../../errors.ts";

/** What a failure is, for us. */
export type Class =
  | "credentials"
  | "account"
  | "shut"
  | "throttled"
  | "passing"
  | "region"
  | "moment"
  | "gone"
  | "in-use"
  | "permission"
  | "not-ours"
  | "protection"
  | "kept"
  | "block-public-access"
  | "limit"
  | "not-offered"
  | "request"
  | "dry-run";

interface Treatment {
  /** Whose failure it is, hence what stops. */
  readonly scope: Scope;
  /** The refusal in the image's record, which waits for a person; null: it is tried again by itself. */
  readonly refusal: RefusalCode | null;
  /** What the service does, and how long it waits. */
  readonly does: string;
}

const MINUTES = "asked again after a minute or two, then more rarely, up to";

/** What becomes of each class. Giving back is tried hourly, whatever it was refused with. */
export const TREATMENTS: Readonly<Record<Class, Treatment>> = {
  credentials: {
    scope: "credentials",
    refusal: null,
    does: `asks STS: if it refuses, too, all regions stop, and it is ${MINUTES} ten minutes; no image is refused`,
  },
  account: {
    scope: "account",
    refusal: null,
    does: `the region alone, or all if us-east-1 says so too; ${MINUTES} ten minutes; no image is refused`,
  },
  shut: {
    scope: "region",
    refusal: null,
    does: "leaves the region alone, and asks daily while the account's list of regions lacks it; no image is refused",
  },
  throttled: {
    scope: "region",
    refusal: null,
    does: `the SDK asks three times; then the region is left alone, and ${MINUTES} an hour; no image's attempts grow`,
  },
  passing: {
    scope: "call",
    refusal: null,
    does: "the SDK asks three times, then the image waits for seconds, up to an hour; three in a row, and the region is left alone",
  },
  region: { scope: "region", refusal: null, does: `leaves the region alone; ${MINUTES} an hour` },
  moment: {
    scope: "image",
    refusal: null,
    does: "looks at the image again after seconds, then more rarely, up to an hour",
  },
  gone: {
    scope: "image",
    refusal: null,
    does: "deleting: done, once EC2 does not know its id either; else the image is looked at again after seconds, up to an hour",
  },
  "in-use": {
    scope: "image",
    refusal: null,
    does: "tries again for some seconds, then up to hourly; the other image is named",
  },
  permission: { scope: "image", refusal: "permission", does: "refuses the image for seven days, and tells it" },
  "not-ours": { scope: "image", refusal: "account", does: "refuses the image for a day, and tells it" },
  protection: { scope: "image", refusal: "protection", does: "refuses the image for a day, and tells it" },
  kept: {
    scope: "image",
    refusal: "snapshot-kept",
    does: "deletes the image's other snapshots, refuses the image for a day, and tells it",
  },
  "block-public-access": { scope: "image", refusal: "block-public-access", does: "tries again hourly" },
  limit: { scope: "image", refusal: "limit", does: "refuses the image for a day, and tells it" },
  "not-offered": { scope: "image", refusal: "not-offered", does: "refuses the image for a day, and tells it" },
  request: { scope: "image", refusal: "request", does: "refuses the image for a day, and tells it" },
  "dry-run": { scope: "image", refusal: "request", does: "is what doctor asks for; from any other call it is a bug" },
};
