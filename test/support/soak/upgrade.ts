import type { Stage } from "./stage.ts";

/**
 * Writes into Redis as version 0.1 did what was written otherwise since: a region's images by their names, in place of its composes,
 * what they are counted as with `stage:` before it, under an epoch with a fraction, and the fingerprints of the rejected elsewhere.
 */
export async function writeAsBefore(stage: Stage): Promise<void> {
  const { redis, prefix } = stage;
  const keys = await stage.keys();
  for (const key of keys) {
    const [, region = "", amiId = ""] = /\{([^}]+)\}:image:(.+)$/.exec(key) ?? [];
    if (amiId === "") continue;
    const [composeId, name, uploadedAt, counted] = await redis.hmget(
      key,
      "compose_id",
      "image_name",
      "uploaded_at",
      "counted",
    );
    const second = (uploadedAt ?? "").replaceAll(/\D/g, "").slice(0, 14);
    await redis.zadd(`${prefix}:{${region}}:names`, second, `${name ?? ""} ${composeId ?? ""} ${amiId}`);
    if (counted != null)
      await redis.hset(
        key,
        "counted",
        counted.replace(/^(\S+)(?: (.*))?$/, "$1.25 stage:$2").replace(/stage:$/, "stage:public"),
      );
  }
  for (const key of keys) {
    if (key.endsWith("}:composes")) await redis.unlink(key);
    if (key.endsWith("}:counts")) await redis.hset(key, "epoch", `${(await redis.hget(key, "epoch")) ?? "1"}.25`);
  }
  const known = `${prefix}:{${prefix}:rejected}:known`;
  if ((await redis.exists(known)) === 1) await redis.rename(known, `${prefix}:rejected:known`);
}
