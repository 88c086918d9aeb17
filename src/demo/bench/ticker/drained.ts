/** One lane each: a region's images are worked one after the other, and regions side by side. */
export const REGIONS_AT_ONCE: readonly string[] = Array.from({ length: 50 }, (_, index) => `us-bench-${index + 1}`);

/** Of the double. */
export const CREDENTIALS = { accessKeyId: "AKIDBENCH", secretAccessKey: "secret" };

/** So that nothing waits for a token of EC2's buckets. */
export const NO_LIMIT = 1_000_000;
