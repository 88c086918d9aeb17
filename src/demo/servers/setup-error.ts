/** Something this machine lacks or refuses. The process prints `message`, which names the remedy, without a stack and exits 1. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
