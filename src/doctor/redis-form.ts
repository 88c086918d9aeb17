import { failure, ok, warning, type Finding } from "./finding.ts";
import type { RedisConfig } from "../config/redis/redis.ts";
import type { StoreCheckup, StoreForm } from "../ports/index.ts";

const CHECK = "redis form";

/** How Redis is reached, who takes our writes, and what that means for what it has acknowledged. */
export async function checkForm(store: Pick<StoreCheckup, "form">): Promise<readonly Finding[]> {
  const form = await store.form();
  const words = `${describe(form)}${describeSync(form)}`;
  const risks = risksOf(form);
  return risks.length > 0 ? risks : [ok(CHECK, words)];
}

const NAMES: Readonly<Record<StoreForm["form"], string>> = {
  alone: "one server",
  socket: "one server, by its socket",
  sentinel: "the master that its sentinels name",
  cluster: "a Cluster",
};

function describe({ form, masters }: StoreForm): string {
  const each = masters.map(({ address, replicas }) =>
    replicas === null ? address : `${address} with ${replicas} ${replicas === 1 ? "replica" : "replicas"}`,
  );
  return `${NAMES[form]}: ${each.join(", ")}`;
}

function describeSync({ fsync }: StoreForm): string {
  if (fsync === "everysec") return "; appendfsync everysec: when its machine dies, a second is lost at the most";
  return fsync === "always" ? "; appendfsync always: what was acknowledged is on the disk" : "";
}

function risksOf(form: StoreForm): readonly Finding[] {
  const { masters, fsync } = form;
  const isMany = form.form === "sentinel" || form.form === "cluster";
  const bare = masters.filter(({ replicas }) => isMany && replicas === 0);
  const loose = masters.filter(({ replicas, wantedReplicas }) => replicas !== 0 && isMany && wantedReplicas === 0);
  const addresses = (some: StoreForm["masters"]): string => some.map(({ address }) => address).join(", ");
  const rows: readonly (readonly [boolean, string, string])[] = [
    [
      bare.length > 0,
      `no replica of ${addresses(bare)}: what stands there is lost with its machine`,
      "give each master a replica",
    ],
    [
      loose.length > 0,
      `min-replicas-to-write is 0 at ${addresses(loose)}: a master that is cut off goes on acknowledging what is lost afterwards`,
      "set min-replicas-to-write 1",
    ],
    [
      fsync === "no",
      "appendfsync is no: when its machine dies, half a minute of what was acknowledged is lost",
      "set appendfsync everysec",
    ],
  ];
  return rows.filter(([isSo]) => isSo).map(([, what, remedy]) => warning(CHECK, `${describe(form)}; ${what}`, remedy));
}

/** Whether Redis can keep what messages bring as surely as is configured before they are acknowledged. */
export async function checkDurability(
  store: Pick<StoreCheckup, "form" | "refusedDurability">,
  { durability }: Pick<RedisConfig, "durability">,
): Promise<readonly Finding[]> {
  const check = "redis durability";
  if (durability === "received") return [];
  const refusal = await store.refusedDurability();
  if (refusal !== null) return [failure(check, refusal)];
  const { masters } = await store.form();
  const bare = masters.filter(({ replicas }) => replicas === 0).map(({ address }) => address);
  if (durability === "replicated" && bare.length > 0)
    return [
      failure(check, `no replica of ${bare.join(", ")}: no message is acknowledged`, "give each master a replica"),
    ];
  return [ok(check, `messages are acknowledged when they are ${durability}`)];
}
