import { readFileSync } from "node:fs";

/** The operating system as /etc/os-release names it. */
export type Distribution = {
  /** For example `debian-12`. */
  readonly name: string;
  /** Its id and those it is like, nearest first: `["ubuntu", "debian"]`. */
  readonly family: readonly string[];
};

export function readDistribution(file = "/etc/os-release"): Distribution {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // No such file: not Linux, or a bare container. It is treated as an unknown distribution.
  }
  const value = (key: string): string | undefined => new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  const id = value("ID") ?? process.platform;
  const version = value("VERSION_ID");
  return {
    name: version === undefined ? id : `${id}-${version}`,
    family: [id, ...(value("ID_LIKE") ?? "").split(" ").filter((like) => like !== "")],
  };
}

const INSTALL: Readonly<Record<string, string>> = {
  debian: "sudo apt-get install redis-server rabbitmq-server",
  fedora: "sudo dnf install valkey rabbitmq-server",
  rhel: "sudo dnf install redis rabbitmq-server",
  suse: "sudo zypper install redis rabbitmq-server",
  arch: "sudo pacman -S valkey rabbitmq",
  alpine: "sudo apk add redis rabbitmq-server",
};

export function installCommand(distribution: Distribution): string {
  const known = distribution.family.map((id) => INSTALL[id]).find((command) => command !== undefined);
  return known ?? "(this system's package manager), packages redis and rabbitmq-server";
}
