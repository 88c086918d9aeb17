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

/** What may be missing on a machine. */
export type Missing = "Redis" | "RabbitMQ";

/** How each family installs, and what it calls the two. */
const INSTALL: Readonly<Record<string, { readonly command: string } & Readonly<Record<Missing, string>>>> = {
  debian: { command: "sudo apt-get install", Redis: "redis-server", RabbitMQ: "rabbitmq-server" },
  fedora: { command: "sudo dnf install", Redis: "valkey", RabbitMQ: "rabbitmq-server" },
  rhel: { command: "sudo dnf install", Redis: "redis", RabbitMQ: "rabbitmq-server" },
  suse: { command: "sudo zypper install", Redis: "redis", RabbitMQ: "rabbitmq-server" },
  arch: { command: "sudo pacman -S", Redis: "valkey", RabbitMQ: "rabbitmq" },
  alpine: { command: "sudo apk add", Redis: "redis", RabbitMQ: "rabbitmq-server" },
};

/** What this system calls the two; Fedora's names where it is not known. */
export function packageNames(distribution: Distribution): readonly string[] {
  const known = distribution.family.map((id) => INSTALL[id]).find((each) => each !== undefined) ?? INSTALL["fedora"];
  return known === undefined ? [] : [known.Redis, known.RabbitMQ];
}

/** What a person types on this system to have what is missing. */
export function installCommand(distribution: Distribution, missing: readonly Missing[]): string {
  const known = distribution.family.map((id) => INSTALL[id]).find((each) => each !== undefined);
  if (known === undefined) {
    const packages = missing.map((name) => (name === "Redis" ? "redis or valkey" : "rabbitmq-server"));
    return `(this system's package manager) ${packages.join(", ")}`;
  }
  return [known.command, ...missing.map((name) => known[name])].join(" ");
}
