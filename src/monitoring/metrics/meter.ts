import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { watchCertificates } from "./certificates.ts";
import type { Meter } from "../../ports/index.ts";

/** What this process counts of itself, in Prometheus' form. */
export interface OwnMetrics {
  readonly meter: Meter;
  readonly registry: Registry;
}

/** In seconds: EC2 answers within some hundred milliseconds, and has 20 seconds. */
const LATENCIES = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** A label has no more values than these; what comes after them is `other`. */
const MOST_VALUES = 200;

/** Opens the counters, Node's own among them. `version`: the program's; `certificates`: files by what they are for. */
export function openMeter(version: string, certificates: Readonly<Record<string, string>>): OwnMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  // Gauges that are called like counters: Prometheus' own tool complains of them; the same by type stands beside them.
  for (const kind of ["handles", "requests", "resources"]) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  const counter = <T extends string>(name: string, help: string, labelNames: T[]): Counter<T> =>
    new Counter({ name: `clean_amis_${name}`, help, labelNames, registers });
  const messages = counter("messages_total", "Messages that were taken to their end, from the bus and the archive.", [
    "event",
    "outcome",
  ]);
  const decisions = counter("decisions_total", "New images by the rule of their first decision.", ["rule"]);
  const acts = counter("acts_total", "Images that were due, by queue and what came of it.", ["kind", "outcome"]);
  const calls = counter("ec2_requests_total", "Attempts to call EC2 and STS, by what was answered.", [
    "action",
    "result",
  ]);
  const waits = counter("ec2_token_wait_seconds_total", "Time that attempts waited for a token of our share.", [
    "action",
  ]);
  const reconnects = counter("reconnects_total", "Connections that were lost and made anew.", ["service"]);
  const latency = new Histogram({
    name: "clean_amis_ec2_request_duration_seconds",
    help: "From an attempt to the whole answer.",
    labelNames: ["action"],
    buckets: LATENCIES,
    registers,
  });
  const info = new Gauge({ name: "clean_amis_build_info", help: "The program.", labelNames: ["version"], registers });
  info.set({ version }, 1);
  watchCertificates(certificates, registry);
  for (const service of ["redis", "amqp"]) reconnects.inc({ service }, 0);
  const [outcome, action, result, rule] = [bounded(), bounded(), bounded(), bounded()];
  const meter: Meter = {
    message: (event, what) => {
      messages.inc({ event: event ?? "other", outcome: what });
    },
    decision: (word) => {
      decisions.inc({ rule: rule(word) });
    },
    act: (kind, word) => {
      acts.inc({ kind, outcome: outcome(word) });
    },
    ec2: (word, code, seconds) => {
      calls.inc({ action: action(word), result: result(code) });
      latency.observe({ action: action(word) }, seconds);
    },
    ec2Wait: (word, seconds) => {
      waits.inc({ action: action(word) }, seconds);
    },
    reconnected: (service) => {
      reconnects.inc({ service });
    },
  };
  return { meter, registry };
}

/** Lets through words, as long as they are few and look like words. */
function bounded(): (word: string) => string {
  const known = new Set<string>();
  return (word) => {
    if (known.has(word)) return word;
    if (known.size >= MOST_VALUES || !/^[A-Za-z][\w.-]{0,59}$/.test(word)) return "other";
    known.add(word);
    return word;
  };
}
