/** Writes deploy/grafana/clean-amis.json from the short list below; a test sees that it is what stands there. */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const SOURCE = { type: "prometheus", uid: "${source}" };
const WIDTH = 24;

/** Rows of panels: title, unit, and what is drawn, by its legend. What all replicas share is never summed. */
const ROWS = [
  [
    [
      "Last pass that ended well",
      "s",
      { "seconds ago": 'time() - max(clean_amis_shared_last_timestamp_seconds{what="tick"})' },
    ],
    ["Heard until", "s", { "seconds ago": "time() - max(clean_amis_shared_heard_until_timestamp_seconds)" }],
    [
      "Lag of reports and bus",
      "s",
      { reports: "max(clean_amis_shared_report_lag_seconds)", bus: "max(clean_amis_shared_bus_lag_seconds)" },
    ],
    ["Redis answers", "none", { replicas: "sum(clean_amis_redis_up)" }],
  ],
  [
    ["Images by stage", "none", { "{{stage}}": "sum by (stage) (max by (stage, region) (clean_amis_shared_images))" }],
    ["Overdue by queue", "none", { "{{queue}}": "max by (queue) (clean_amis_shared_overdue_images)" }],
  ],
  [
    ["Acts by outcome", "ops", { "{{kind}} {{outcome}}": "sum by (kind, outcome) (rate(clean_amis_acts_total[15m]))" }],
    [
      "Budgets of the day",
      "percentunit",
      {
        "{{kind}}":
          "max by (kind) (clean_amis_shared_budget_spent_acts) / max by (kind) (clean_amis_shared_budget_limit_acts)",
      },
    ],
    ["Messages by outcome", "ops", { "{{outcome}}": "sum by (outcome) (rate(clean_amis_messages_total[15m]))" }],
  ],
  [
    ["EC2 calls by result", "ops", { "{{result}}": "sum by (result) (rate(clean_amis_ec2_requests_total[15m]))" }],
    [
      "EC2 latency, 95 of 100",
      "s",
      {
        "{{action}}":
          "histogram_quantile(0.95, sum by (le, action) (rate(clean_amis_ec2_request_duration_seconds_bucket[15m])))",
      },
    ],
    [
      "Waiting for a token",
      "s",
      { "{{action}}": "sum by (action) (rate(clean_amis_ec2_token_wait_seconds_total[15m]))" },
    ],
  ],
  [
    [
      "Redis memory",
      "bytes",
      {
        used: "max(clean_amis_shared_redis_memory_used_bytes)",
        limit: "max(clean_amis_shared_redis_memory_limit_bytes)",
      },
    ],
    ["Rejected messages", "none", { rejected: "max(clean_amis_shared_rejected_messages)" }],
    ["Reconnections", "none", { "{{service}}": "sum by (service) (increase(clean_amis_reconnects_total[1h]))" }],
    [
      "Certificates end in",
      "s",
      { "{{file}}": "min by (file) (clean_amis_certificate_expiry_timestamp_seconds) - time()" },
    ],
  ],
];

function panel([title, unit, drawn], index, row, count, id) {
  const width = Math.floor(WIDTH / count);
  return {
    id,
    type: "timeseries",
    title,
    datasource: SOURCE,
    gridPos: { x: index * width, y: row * 8, w: width, h: 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(drawn).map(([legendFormat, expr], place) => ({
      refId: String.fromCharCode(65 + place),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  };
}

/** The dashboard as Grafana imports it. */
export function dashboard() {
  let id = 0;
  return {
    uid: "clean-amis",
    title: "clean-amis",
    schemaVersion: 38,
    timezone: "utc",
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    templating: { list: [{ name: "source", label: "Prometheus", type: "datasource", query: "prometheus" }] },
    panels: ROWS.flatMap((panels, row) =>
      panels.map((each, index) => panel(each, index, row, panels.length, (id += 1))),
    ),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  writeFileSync(
    new URL("../deploy/grafana/clean-amis.json", import.meta.url),
    `${JSON.stringify(dashboard(), null, 2)}\n`,
  );
