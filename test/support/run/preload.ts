/** Stands before every test file: it ends with the run that started it, and says at last what processor time it took. */
import { readFileSync } from "node:fs";

/** Linux counts a process' time in hundredths of a second (`USER_HZ`). */
const TICKS_PER_SECOND = 100;

/** Seconds of this process and of all that it started and saw end: fields 14 to 17 of /proc/self/stat (proc_pid_stat(5)). */
function processorSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return afterName.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

// What this process forks is no test file.
process.execArgv.length = 0;
process.on("disconnect", () => {
  process.kill(process.pid, "SIGTERM");
});
process.channel?.unref();
process.on("exit", () => {
  process.stdout.write(`# cpu=${processorSeconds()}\n`);
});
