import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { KEY, LOCALHOST } from "../../fixtures/certificates.ts";
import { runProgram } from "../../support/program/program.ts";

t.test("no environment switches off the check of certificates", async (t) => {
  let requests = 0;
  const server = createServer({ key: KEY, cert: LOCALHOST }, (_, response) => {
    requests += 1;
    response.end('{"raw_messages": []}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const file = join(t.testdir({}), "config.toml");
  const sources = `[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "https://localhost:${port}"\n`;
  writeFileSync(
    file,
    `amqp_url = "amqp://127.0.0.1:9"\n[consumer_config]\nredis_url = "redis://127.0.0.1:9"\n${sources}`,
  );
  const { code, out } = await runProgram(t, ["doctor", "--config", file], {
    env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
  });
  t.equal(code, 1);
  t.match(out, /datagrepper.*UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  t.equal(requests, 0, "nothing is said to whom nobody knows");
});
