import t from "tap";
import { heraldKey, isHeraldTopic } from "../../src/domain/comment/herald.ts";
import { HOUR_MS, SECOND_MS } from "../../src/domain/time.ts";
import { CommentRounds } from "../../src/operate/comment-rounds.ts";
import { openObjecting } from "../support/scenes/objecting.ts";
import { PROJECTS } from "../support/world/world.ts";

const TOPICS = {
  pagure: "io.pagure.prod.pagure.issue.comment.added",
  forgejo: "org.fedoraproject.prod.forgejo.issue_comment",
} as const;

t.test(
  "a forge's message about a comment has it read within seconds, at the forge, and a flood of them no sooner",
  async (t) => {
    for (const forge of ["pagure", "forgejo"] as const) {
      const objecting = await openObjecting(t, { forge });
      const { commentReader, clock, nightly } = objecting;
      const [place, topic] = [{ kind: forge, repo: PROJECTS[forge] }, TOPICS[forge]];
      let readings = 0;
      const memory = { ...commentReader.memory, lease: () => ((readings += 1), commentReader.memory.lease()) };
      const rounds = new CommentRounds({ ...commentReader, memory }, HOUR_MS, place);
      const body = Buffer.from(JSON.stringify({ project: { fullname: place.repo }, text: "restore everything" }));
      await rounds.pass();
      objecting.comment("somebody", `hold ${nightly.amiId} because it is needed`);
      clock.advance(20 * SECOND_MS);
      await rounds.pass();
      t.equal(await objecting.field(nightly.amiId, "stage"), "private", "not read yet");
      rounds.hear({ topic, body });
      await rounds.pass();
      t.equal(await objecting.field(nightly.amiId, "stage"), "held");
      t.equal(readings, 2);
      for (let second = 0; second < 30; second += 1) {
        for (let count = 0; count < 100; count += 1) rounds.hear({ topic, body });
        clock.advance(SECOND_MS);
        await rounds.pass();
      }
      t.equal(readings, 5, "every ten seconds at the most");
    }
  },
);

t.test("rubbish, and what is said of other projects, wakes nobody", async (t) => {
  const { commentReader, clock } = await openObjecting(t);
  let readings = 0;
  const memory = { ...commentReader.memory, lease: () => ((readings += 1), commentReader.memory.lease()) };
  const rounds = new CommentRounds({ ...commentReader, memory }, HOUR_MS, { kind: "pagure", repo: PROJECTS.pagure });
  await rounds.pass();
  clock.advance(20 * SECOND_MS);
  const ours = Buffer.from(`"${PROJECTS.pagure}"`);
  for (const [topic, body] of [
    [TOPICS.pagure, Buffer.alloc(0)],
    [TOPICS.pagure, Buffer.from('{"project":{"fullname":"other"}}')],
    [TOPICS.pagure, Buffer.from([0xff, 0xfe, 0x00])],
    [TOPICS.forgejo, ours],
    ["io.pagure.prod.pagure.issue.comment.edited", ours],
    ["", ours],
  ] as const) {
    rounds.hear({ topic, body });
    await rounds.pass();
  }
  t.equal(readings, 1);
  rounds.hear({ topic: TOPICS.pagure, body: ours });
  await rounds.pass();
  t.equal(readings, 2);
});

t.test("the queue is bound to what the topics of real messages fit", (t) => {
  t.equal(heraldKey("pagure"), "io.pagure.*.pagure.issue.comment.added");
  t.equal(heraldKey("forgejo"), "org.fedoraproject.*.forgejo.issue_comment");
  for (const forge of ["pagure", "forgejo"] as const) {
    t.ok(isHeraldTopic(forge, TOPICS[forge]));
    t.ok(isHeraldTopic(forge, TOPICS[forge].replace(".prod.", ".stg.")));
    t.notOk(isHeraldTopic(forge, `${TOPICS[forge]}.more`));
    t.notOk(isHeraldTopic(forge, TOPICS[forge].slice(1)));
  }
  t.end();
});
