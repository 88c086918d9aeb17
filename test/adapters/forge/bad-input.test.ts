import t from "tap";
import { htmlPage, type Trouble } from "../../../src/demo/outside/faults.ts";
import { copies, dayPost, failure, FORGES, PAGURE, publish, REPO } from "../../support/outside/forge.ts";

for (const forge of FORGES) {
  const { calls, name } = forge;

  t.test(
    `${name}: what a proxy or an old address answers is told in one line with the remedy, and nothing is posted`,
    async (t) => {
      const rows: [string, keyof typeof calls, Trouble, string, string, RegExp][] = [
        ["moved", "create", moved(), "RefusedError", "MOVED", /elsewhere|address .* to the final one$/],
        [
          "closed for good",
          "create",
          gone(),
          "RefusedError",
          "HTTP_410",
          /closed for good: set another place for the reports in the configuration$/,
        ],
        [
          "another forge's address",
          "whoAmI",
          page(404),
          "RefusedError",
          "HTTP_404",
          /check \w+'s address .* and report\.kind/,
        ],
        [
          "a bot wall that says yes",
          "list",
          page(200),
          "UpstreamError",
          "NOT_JSON",
          /have clean-amis\/test let in; it is tried again later$/,
        ],
        [
          "a bot wall that says no",
          "create",
          page(403),
          "RefusedError",
          "HTTP_403",
          /see what stands in front of|what stands in front of \w+$/,
        ],
        ["too many", "list", limited(), "UpstreamError", "HTTP_429", /answered 429 .*it is tried again later$/],
      ];
      for (const [what, call, trouble, kind, code, message] of rows) {
        const { double, open } = await forge.start(t);
        const lift = double.fail({ ...calls[call], trouble });
        const error = await failure(t, publish(open(), dayPost(1)));
        t.notMatch(error.message, /[\r\n]/, `${what}: one line`);
        const expected = forge === PAGURE && code === "MOVED" ? /^HTTP_30\d$/ : code;
        t.match(error, { name: kind, message }, `${what}: ${error.message}`);
        t.match(error.code, expected, what);
        t.same(double.tracker.issues(REPO), [], what);
        lift();
        for (let time = 0; time < 2; time += 1) await publish(open(), dayPost(1));
        t.equal(copies(double, 1), 1, `${what}: when that is over, it is told, once`);
      }
    },
  );

  t.test(`${name}: whoever asks us to wait is not asked before that, and nothing is told twice after it`, async (t) => {
    const { double, open } = await forge.start(t);
    const reports = open();
    double.fail({ ...calls.create, trouble: limited("1") });
    const refused = await failure(t, publish(reports, dayPost(1)));
    t.match(refused, { name: "UpstreamError", code: "HTTP_429" });
    const before = double.journal.length;
    const asked = performance.now();
    const quiet = await failure(t, publish(reports, dayPost(1)));
    // Of a machine that stood still for that second nothing is known.
    if (performance.now() - asked < 500) {
      t.match(quiet, { code: "HTTP_429", message: /asked to be left alone for 1 s more; it is tried again later$/ });
      t.equal(double.journal.length, before);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await publish(reports, dayPost(1));
    await publish(reports, dayPost(1));
    t.equal(double.tracker.issues(REPO).length, 1);
  });
}

function page(status: number): Trouble {
  return { kind: "answer", status, body: htmlPage("Making sure you're not a bot!") };
}

function gone(): Trouble {
  return { kind: "answer", status: 410, body: "gone" };
}

function moved(): Trouble {
  return { kind: "answer", status: 301, body: "", headers: { location: "http://127.0.0.1:9/elsewhere" } };
}

function limited(seconds = "1"): Trouble {
  return { kind: "answer", status: 429, body: { message: "slow", error: "slow" }, headers: { "retry-after": seconds } };
}
