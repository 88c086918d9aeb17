import { readdirSync, readFileSync } from "node:fs";

/** One living process; `bornAt` tells it from a later one with the same id. */
export type Process = {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly bornAt: string;
};

/** Null once it has ended; a zombie has ended and only waits to be reaped. */
function readProcess(pid: number): Process | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // Processes end while they are being listed.
  }
  // "pid (name) state ppid pgrp session …"; the name may hold blanks and brackets, so count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return { pid, parent: Number(fields[1]), session: Number(fields[3]), bornAt: fields[19] ?? "" };
}

export function isRunning(pid: number): boolean {
  return readProcess(pid) !== null;
}

export function isStillRunning(process: Process): boolean {
  return readProcess(process.pid)?.bornAt === process.bornAt;
}

/** The living processes for which `isSeed` says yes, and all their living descendants. */
export function familyOf(isSeed: (process: Process) => boolean): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((process) => process !== null);
  const family = new Map(all.filter(isSeed).map((process) => [process.pid, process]));
  for (let before = -1; before < family.size;) {
    before = family.size;
    for (const process of all) if (family.has(process.parent)) family.set(process.pid, process);
  }
  return [...family.values()];
}
