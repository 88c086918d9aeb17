import t from "tap";
import { openObjecting, OPERATOR } from "../support/scenes/objecting.ts";

const PROJECT = "ami-reports";

t.test("an operator's comment that somebody else edited holds, and ends, shortens and restores nothing", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  const { tracker } = scene.pagure;
  const old = scene.comment(OPERATOR, "thanks, looks good");
  scene.comment("somebody", `hold ${amiId} because our tests start from it`);
  await scene.read();
  for (const text of [`hold ${amiId} until 2026-12-01`, `restore ${amiId}`, `release ${amiId}`]) {
    tracker.editComment(PROJECT, 1, old, text, "eve");
    await scene.read();
    t.equal(await scene.field(amiId, "stage"), "held", text);
    t.notOk(await scene.field(amiId, "hold_until"), text);
    t.match(scene.answers().at(-1), /Somebody who does not run this service changed this comment .* anybody's word/);
  }
  t.equal(await scene.field(amiId, "hold_by"), `eve in a comment by ${OPERATOR}`);
});

t.test("an operator's comment that its author or another operator edited is an operator's", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  const { tracker } = scene.pagure;
  const id = scene.comment(OPERATOR, "hm");
  for (const [day, by] of [
    ["2026-12-23", OPERATOR],
    ["2026-12-24", "another"],
  ] as const) {
    tracker.editComment(PROJECT, 1, id, `hold ${amiId} until ${day}`, by);
    await scene.read({ operators: [OPERATOR, "Another"] });
    t.match(await scene.field(amiId, "hold_until"), day === "2026-12-23" ? "2026-12-24T" : "2026-12-25T");
    t.notMatch(scene.answers().at(-1), /changed this comment/);
  }
});

t.test("an editor in an odd shape is somebody unknown, and the answer says that it cannot be told", async (t) => {
  for (const odd of [{ edited_on: "1.0", editor: null }, { editor: "eve" }, { editor: {} }, { editor: undefined }]) {
    const scene = await openObjecting(t);
    const { amiId } = scene.nightly;
    scene.comment(OPERATOR, `hold ${amiId} until 2026-12-24`);
    const issue = (await (await fetch(`${scene.pagure.url}/api/0/${PROJECT}/issue/1`)).json()) as {
      comments: object[];
    };
    const body = { ...issue, comments: issue.comments.map((comment) => ({ ...comment, ...odd })) };
    const lift = scene.pagure.fail({
      method: "GET",
      path: /issue\/1$/,
      trouble: { kind: "answer", status: 200, body },
    });
    await scene.read();
    lift();
    await scene.read();
    t.equal(await scene.field(amiId, "stage"), "held");
    t.notOk(await scene.field(amiId, "hold_until"));
    t.match(scene.answers()[0], /It cannot be told whether somebody else changed this comment/);
  }
});

t.test("beyond the day's limit it is the editor who is counted, and not the author", async (t) => {
  const scene = await openObjecting(t, { mostPerDay: 1 });
  const ids = [1, 2, 3].map((number) => scene.comment(OPERATOR, `nothing ${number}`));
  for (const id of ids) scene.pagure.tracker.editComment(PROJECT, 1, id, `hold ami-${id}`, "eve");
  await scene.read();
  t.equal(scene.answers().length, 2);
  t.match(
    scene.logged.find((line) => line.startsWith("error one author")),
    /"author":"eve"/,
  );
});
