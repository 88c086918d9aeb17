import { X509Certificate } from "node:crypto";
import type { Config } from "../config/config.ts";
import { failure, judgeCertificate, type Certificate, type Finding } from "./finding.ts";
import type { Instant } from "../domain/time.ts";
import { describeError } from "../errors.ts";

const RENEW = "renew it; for Fedora's public broker install fedora-messaging's newest certificates";

/** How long each certificate of the configuration's `tls` counts; that key and certificate fit was seen when they were read. */
export function checkCertificates({
  config,
  now,
}: {
  readonly config: Pick<Config, "amqp">;
  readonly now: () => Instant;
}): Promise<readonly Finding[]> {
  const { ca, cert } = config.amqp.tls;
  const findings = [
    ...(ca === undefined ? [] : judgePem("certificate tls.ca_cert", ca.toString(), now())),
    ...(cert === undefined ? [] : judgePem("certificate tls.certfile", cert.toString(), now())),
  ];
  return Promise.resolve(findings);
}

/** Every certificate of a file; a file without any is a failure. */
export function judgePem(check: string, pem: string, now: Instant): readonly Finding[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return [failure(check, "no certificate in the file", "give a PEM file")];
  return blocks.map((block) => {
    const certificate = read(block);
    return typeof certificate === "string"
      ? failure(check, `not readable: ${certificate}`, "give a PEM file")
      : judgeCertificate(check, certificate, now, RENEW);
  });
}

function read(pem: string): Certificate | string {
  try {
    const { subject, validFrom, validTo } = new X509Certificate(pem);
    const name = subject.split("\n").findLast((line) => line.startsWith("CN=")) ?? subject.replaceAll("\n", ", ");
    return { subject: name, from: Date.parse(validFrom), until: Date.parse(validTo) };
  } catch (error) {
    return describeError(error);
  }
}
