import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { unknownIn } from "../support/docs/commands.ts";
import { ROOT } from "../support/docs/blocks.ts";

const FILE = readFileSync(join(ROOT, "deploy/container/Containerfile"), "utf8");
/** What ships, behind the stages in which it is made. */
const LAST = FILE.slice(FILE.lastIndexOf("\nFROM "));

/** The words of an instruction that is told without a shell. */
function wordsOf(instruction: string): readonly string[] {
  const list = new RegExp(`^${instruction}.*?(?<list>\\[.*\\])$`, "m").exec(LAST)?.groups?.["list"] ?? "";
  return JSON.parse(list) as readonly string[];
}

function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error) => {
      resolve(error === null ? 0 : Number(error.code));
    });
  });
}

t.test("the image is made of what is there, and runs the service as anybody, without a shell", (t) => {
  for (const [, words = ""] of FILE.matchAll(/^COPY (?!--from)(.*)$/gm))
    for (const path of words.split(" ").slice(0, -1)) t.ok(existsSync(join(ROOT, path)), path);
  t.match(LAST, /^USER [1-9]\d*$/m, "a number, which Kubernetes can see to be nobody's root");
  t.notMatch(LAST, /^RUN /m);
  const [node, main = ""] = wordsOf("ENTRYPOINT");
  t.equal(node, wordsOf("HEALTHCHECK")[0]);
  t.equal(main, "/app/dist/src/main.js");
  t.ok(existsSync(join(ROOT, main.replace("/app/", ""))));
  t.equal(unknownIn(["clean-amis", ...wordsOf("CMD")].join(" ")), null);
  t.end();
});

t.test("all that npm packs is copied to where it is packed", (t) => {
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly files: readonly string[];
  };
  const sources = [...FILE.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, words = ""]) => words.split(" "));
  for (const file of files.filter((each) => !/^!|^dist\//.test(each)))
    t.ok(
      sources.some((source) => file === source || file.startsWith(`${source}/`)),
      file,
    );
  t.end();
});

t.test("the health check is well while /live is, and ill when it is not, or nobody answers", async (t) => {
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/live" ? status : 404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [, ...args] = wordsOf("HEALTHCHECK").map((word) => word.replace("8070", String(port)));
  t.match(wordsOf("HEALTHCHECK").join(" "), ":8070/live");
  t.equal(await run(args), 0);
  status = 503;
  t.equal(await run(args), 1);
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  t.equal(await run(args), 1);
});
