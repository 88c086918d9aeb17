import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Gauge, type Registry } from "prom-client";
import { SECOND_MS, type Instant } from "../../domain/time.ts";

/** Tells when each file's certificates end; read anew for each scrape, as they are for each dial. */
export function watchCertificates(files: Readonly<Record<string, string>>, registry: Registry): void {
  if (Object.keys(files).length === 0) return;
  const gauge = new Gauge({
    name: "clean_amis_certificate_expiry_timestamp_seconds",
    help: "The end of the first certificate of a file that ends; 0: the file cannot be read.",
    labelNames: ["file"],
    registers: [registry],
    collect: async () => {
      for (const [file, path] of Object.entries(files)) gauge.set({ file }, ((await endOf(path)) ?? 0) / SECOND_MS);
    },
  });
}

/** Null: there is no certificate that can be read. */
async function endOf(path: string): Promise<Instant | null> {
  try {
    const pem = await readFile(path, "utf8");
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const ends = blocks.map((block) => Date.parse(new X509Certificate(block).validTo));
    return ends.length === 0 ? null : Math.min(...ends);
  } catch {
    // What is wrong with it is told by each dial, and by doctor.
    return null;
  }
}
