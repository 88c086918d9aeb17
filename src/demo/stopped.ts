const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal that ends a program whom the set-up runs; its abort reason is the name. */
export type StopSignal = (typeof SIGNALS)[number];

/**
 * Aborts with the name of the signal by which this process is asked to end. The set-up holds a channel to us: when it dies,
 * however it dies, we end too, as by SIGHUP.
 */
export function untilAsked(): AbortSignal {
  const stop = new AbortController();
  for (const signal of SIGNALS)
    process.on(signal, () => {
      stop.abort(signal);
    });
  process.on("disconnect", () => {
    stop.abort("SIGHUP" satisfies StopSignal);
  });
  process.channel?.unref();
  return stop.signal;
}
