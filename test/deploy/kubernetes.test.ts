import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments } from "yaml";
import { SECRETS } from "../../src/config/environment.ts";
import { AUTHORITY, KEY, LOCALHOST } from "../fixtures/certificates.ts";
import { ROOT } from "../support/docs/blocks.ts";
import { unknownIn } from "../support/docs/commands.ts";
import { runHere } from "../support/program/here.ts";
import { openServed } from "../support/servers/monitoring.ts";

const FOLDER = join(ROOT, "deploy/kubernetes");
/** The service cuts itself off after so many seconds. */
const ENDS_WITHIN_S = 8;

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe?: Probe;
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
}

interface Thing {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: object };
  readonly data?: Readonly<Record<string, string>>;
  readonly resources?: readonly string[];
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: object;
    readonly selector: object;
    readonly endpoints?: readonly object[];
    readonly ports?: readonly { readonly name: string; readonly port: number }[];
    readonly ingress?: readonly unknown[];
    readonly egress?: readonly { readonly ports: readonly { readonly port: number }[] }[];
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: object;
        readonly containers: readonly [Container];
        readonly volumes: readonly Volume[];
      };
    };
  };
}

const THINGS = readdirSync(FOLDER).flatMap((file) =>
  parseAllDocuments(readFileSync(join(FOLDER, file), "utf8")).map((each) => each.toJS() as Thing),
);

function find(kind: string, name?: string): Thing {
  const found = THINGS.find((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  if (found === undefined) throw new Error(`no ${kind} ${name ?? ""}`);
  return found;
}

const POD = find("Deployment").spec.template.spec;
const [SERVICE] = POD.containers;

t.test("every file of the example is applied", (t) => {
  const files = readdirSync(FOLDER).filter((file) => file !== "kustomization.yaml");
  t.same([...(find("Kustomization").resources ?? [])].sort(), files.sort());
  t.end();
});

t.test("the example's configuration is valid, and what it needs is mounted where it looks for it", async (t) => {
  const toml = find("ConfigMap", "clean-amis").data?.["config.toml"] ?? "";
  const dir = t.testdir({ "cacert.pem": AUTHORITY, "fedora-key.pem": KEY, "fedora-cert.pem": LOCALHOST });
  const file = join(dir, "config.toml");
  writeFileSync(file, toml.replaceAll("/etc/fedora-messaging", dir));
  const secrets = new Map((SERVICE.env ?? []).map(({ name, value }) => [name, value]));
  const env = Object.fromEntries([...secrets.keys()].map((name) => [name.replace(/_FILE$/, ""), "x"]));
  const given = { ...env, REDIS_URL: "redis://:password@redis:6379/0" };
  const { code, out, err } = await runHere(["config", "check", "--config", file], { env: given });
  t.same([code, err], [0, ""], out);
  t.match(out, `${file} is valid\n`);
  t.notMatch(out, /ignored/);
  t.equal(unknownIn(["clean-amis", ...(SERVICE.args ?? [])].join(" ")), null);
  const folders = SERVICE.volumeMounts.map(({ mountPath }) => mountPath);
  const files = [
    ...secrets.values(),
    ...[...toml.matchAll(/"(?<path>\/etc\/\S+)"/g)].map(({ groups }) => groups?.["path"] ?? ""),
  ];
  const docs = readFileSync(join(ROOT, "docs/deploying.md"), "utf8");
  for (const path of [...files, SERVICE.args?.[2] ?? ""])
    t.ok(
      folders.some((folder) => path.startsWith(`${folder}/`)),
      `${path} is mounted`,
    );
  for (const path of files)
    t.ok(docs.includes(`--from-file=${path.split("/").at(-1) ?? ""}`), `${path}: the docs make it`);
  for (const name of secrets.keys()) t.ok(SECRETS.includes(name.replace(/_FILE$/, "")), name);
  const volumes = [...POD.volumes, ...find("StatefulSet").spec.template.spec.volumes];
  for (const { secret } of volumes)
    if (secret !== undefined) t.ok(docs.includes(`create secret generic ${secret.secretName} `), secret.secretName);
});

t.test("probes and Prometheus ask for what is served, on the port that is served", async (t) => {
  const { get } = await openServed(t);
  const [endpoint] = find("ServiceMonitor").spec.endpoints ?? [];
  const { startupProbe, livenessProbe, readinessProbe } = SERVICE;
  const [live, ready, metrics] = ["/live", "/ready", "/metrics"];
  t.same([startupProbe.httpGet?.path, livenessProbe.httpGet?.path, readinessProbe?.httpGet?.path], [live, live, ready]);
  t.match(endpoint, { path: metrics, port: "http" });
  for (const path of [live, ready, metrics]) t.not((await get(path)).status, 404, path);
  const toml = find("ConfigMap", "clean-amis").data?.["config.toml"] ?? "";
  const { name = "", containerPort = 0 } = SERVICE.ports[0] ?? {};
  t.match(toml, new RegExp(`^port = ${containerPort}$`, "m"));
  t.match(toml, /^address = ""$/m, "for the cluster, not for the pod alone");
  for (const probe of [startupProbe, livenessProbe, readinessProbe]) t.equal(probe?.httpGet?.port, name);
  t.match(find("Service", "clean-amis").spec.ports, [{ name, port: containerPort }]);
});

t.test("replicas follow each other without a gap, end by themselves, and have no rights", (t) => {
  const { spec } = find("Deployment");
  t.match(spec, { replicas: 2, strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } } });
  t.match(find("PodDisruptionBudget").spec, { minAvailable: 1, selector: spec.selector });
  t.match(spec.selector, { matchLabels: spec.template.metadata.labels });
  t.ok(POD.terminationGracePeriodSeconds > ENDS_WITHIN_S + 2);
  for (const pod of [POD, find("StatefulSet").spec.template.spec]) {
    t.match(pod.securityContext, { runAsNonRoot: true, runAsUser: undefined }, "any uid");
    const rights = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
    t.match(pod.containers[0].securityContext, rights);
    t.match(pod.containers[0].resources, { requests: { cpu: /m$/, memory: /Mi$/ }, limits: { memory: /Mi$/ } });
  }
  t.end();
});

t.test("Redis keeps what it has, evicts nothing, and is asked by the service alone", (t) => {
  const conf = find("ConfigMap", "redis").data?.["redis.conf"] ?? "";
  t.match(conf, /^appendonly yes\n[^]*^maxmemory-policy noeviction$/m);
  const most = Number(/^maxmemory (?<mb>\d+)mb$/m.exec(conf)?.groups?.["mb"]);
  const [redis] = find("StatefulSet").spec.template.spec.containers;
  t.ok(2 * most <= Number.parseInt(redis.resources.limits.memory), "a rewrite of the file may need as much again");
  t.match(redis.volumeMounts, [{ mountPath: /^dir (?<dir>\S+)$/m.exec(conf)?.groups?.["dir"] }]);
  const podSelector = { matchLabels: find("Deployment").spec.template.metadata.labels };
  t.match(find("NetworkPolicy", "redis").spec.ingress, [{ from: [{ podSelector }] }]);
  const out = (find("NetworkPolicy", "clean-amis").spec.egress ?? []).flatMap(({ ports }) => ports);
  t.same([...new Set(out.map(({ port }) => port))], [6379, 5671, 443, 53, 5353]);
  t.end();
});
