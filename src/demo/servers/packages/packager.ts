import type { Run } from "./commands.ts";

/** Packages that belong together in one folder. */
export type Bundle = {
  readonly wanted: readonly string[];
  /** The same as Fedora and its kin call them. */
  readonly wantedByDnf: readonly string[];
  /** Whether a package is unpacked even when this machine has it installed. */
  readonly isOurs: (name: string) => boolean;
  /** Writes `bin/`, and proves with these programs and arguments that no library is missing. */
  readonly writeStarters: (root: string) => Promise<void>;
  readonly proofs: readonly (readonly [program: string, ...args: string[]])[];
};

/** What a packager works with. */
export interface Tools {
  readonly run: Run;
  readonly path: readonly string[];
  readonly log: (line: string) => void;
}

/** How a distribution's packages are had without root. */
export interface Packager {
  /** Whether its programs lie in these folders. */
  readonly isHere: (path: readonly string[]) => boolean;
  /** Downloads what a bundle needs and this machine lacks, and unpacks it below `root`. Rejects with what a command said. */
  readonly unpack: (root: string, bundle: Bundle, tools: Tools) => Promise<void>;
}
