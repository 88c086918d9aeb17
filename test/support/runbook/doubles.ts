import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../docs/blocks.ts";

/** What the unit says for a key, one or more times. */
function unitValues(key: string): readonly string[] {
  const unit = readFileSync(join(ROOT, "deploy/systemd/clean-amis.service"), "utf8");
  return [...unit.matchAll(new RegExp(`^${key}=(?<value>.*)$`, "gm"))].map(({ groups }) => groups?.["value"] ?? "");
}

/** The unit's own words for starting the service, as a shell takes them. */
function unitScript(): string {
  const credentials = "/etc/clean-amis/credentials";
  const words = unitValues("Environment").map((value) => value.replaceAll("%d", credentials));
  return `exec env ${words.join(" ")} NOTIFY_SOCKET=/run/there WATCHDOG_USEC=60000000 ${unitValues("ExecStart")[0] ?? ""}`;
}

/**
 * What of systemd a page for operators may type, and no other word: the service is started by its unit's own words and counts
 * as started when it has said so, as `Type=notify` demands; Redis by its own configuration.
 */
const SYSTEMCTL = `#!/bin/sh
lives() { [ -d "/proc/$1" ] && ! grep -qs '^State:.Z' "/proc/$1/status"; }
pid_of() { cat "$MACHINE/$1.pid" 2>/dev/null || echo none; }
start() {
  lives "$(pid_of $1)" && return
  case $1 in
  redis)
    redis-server /etc/redis/redis.conf >/dev/null 2>&1 &
    echo $! >"$MACHINE/redis.pid"
    until redis-cli -u "$OWN_REDIS" PING >/dev/null 2>&1; do sleep 0.02; done
    ;;
  clean-amis)
    rm -f "$MACHINE/ready"
    export JOURNAL_STREAM=$(stat -c %d:%i "$MACHINE/journal")
    (${unitScript()}) </dev/null >>"$MACHINE/journal" 2>&1 &
    pid=$!
    echo $pid >"$MACHINE/clean-amis.pid"
    until [ -e "$MACHINE/ready" ]; do
      if ! lives $pid; then
        echo "Job for clean-amis.service failed because the control process exited with error code." >&2
        exit 1
      fi
      sleep 0.05
    done
    ;;
  esac
}
stop() {
  pid=$(pid_of $1)
  lives "$pid" && kill "$pid"
  while lives "$pid"; do sleep 0.02; done
}
case "$*" in
"daemon-reload") [ -e /etc/systemd/system/clean-amis.service ] ;;
"enable --now clean-amis" | "start clean-amis") start clean-amis ;;
"restart clean-amis") stop clean-amis; start clean-amis ;;
"stop clean-amis") stop clean-amis ;;
"start redis") start redis ;;
"stop redis") stop redis ;;
"is-active clean-amis" | "is-active redis") if lives "$(pid_of $2)"; then echo active; else echo inactive; exit 3; fi ;;
*) echo "systemctl: not known here: $*" >&2; exit 64 ;;
esac
`;

/** A line for systemd: ready, or alive. */
const NOTIFY = `#!/bin/sh
case "$*" in
--ready) touch "$MACHINE/ready" ;;
WATCHDOG=1) ;;
*) exit 64 ;;
esac
`;

/** As the journal goes by the priority in front of a line; without one it is `info`. */
const JOURNALCTL = `#!/bin/sh
case "$*" in
"-u clean-amis -o cat") exec sed 's/^<[0-7]>//' "$MACHINE/journal" ;;
"-u clean-amis -o cat -p warning") exec sed -n 's/^<[0-4]>//p' "$MACHINE/journal" ;;
*) echo "journalctl: not known here: $*" >&2; exit 64 ;;
esac
`;

/** npm as far as it installs a tarball without asking a registry: what the package needs is linked from here. */
const NPM = `#!/bin/sh
[ "$1 $2 $4" = "install --prefix --omit=dev" ] && [ $# = 5 ] || { echo "npm: not known here: $*" >&2; exit 64; }
modules="$3/node_modules"
rm -rf "$modules/clean-amis"
mkdir -p "$modules/clean-amis" "$modules/.bin"
tar -xzf "$5" -C "$modules/clean-amis" --strip-components=1 || exit 1
for name in $PACKAGES; do
  mkdir -p "$(dirname "$modules/$name")"
  ln -sfn "$MODULES/$name" "$modules/$name"
done
chmod +x "$modules/clean-amis/dist/src/main.js"
ln -sfn ../clean-amis/dist/src/main.js "$modules/.bin/clean-amis"
echo "added $(echo $PACKAGES | wc -w) packages"
`;

const PROGRAM = `#!/bin/sh\nexec "$NODE" "$MAIN" "$@"\n`;
const CLI = `#!/bin/sh\nexec "$CLI" --no-raw "$@"\n`;
const SERVER = `#!/bin/sh\nexec "$SERVER" "$@"\n`;

/** Programs that stand in the place of a machine's own, by their names. */
export const DOUBLES: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  "systemd-notify": NOTIFY,
  journalctl: JOURNALCTL,
  npm: NPM,
  "redis-cli": CLI,
  "redis-server": SERVER,
};

/** The service's program, where no package is installed. */
export const BUILT = PROGRAM;
