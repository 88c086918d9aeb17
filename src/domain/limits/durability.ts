/**
 * How surely Redis must have what a message brought before the broker is told that it was taken: Redis has answered; it stands
 * on its disk as well; on a replica as well.
 */
export type Durability = "received" | "synced" | "replicated";
