/** A process that has typed a command which leaves a program running, says its number, and waits to be killed. For `stopping.test.ts`. */
import { openShell } from "./shell.ts";

const shell = await openShell();
process.stdout.write(
  await shell.type("sleep 1000 >/dev/null 2>&1 &\necho $!", { PATH: process.env["PATH"] ?? "", HOME: "/" }),
);
