import t from "tap";
import { open, start } from "../../support/outside/pagure.ts";
import { continued, dayPost, opened, publish } from "../../support/outside/forge.ts";

t.test("a repo is found under each of the forms that Pagure has for one", async (t) => {
  const double = await start(t);
  for (const repo of ["plain", "ns/plain", "fork/ann/plain", "fork/ann/ns/plain"]) {
    double.tracker.setProject(repo, {});
    const { url } = await publish(open(double, { repo }), dayPost(1));
    await publish(open(double, { repo }), dayPost(2));
    t.equal(url, `${double.url}/${repo}/issue/1`);
    t.match(double.tracker.issues(repo), [{ content: opened(1), comments: [{ text: continued(2) }] }], repo);
  }
});
