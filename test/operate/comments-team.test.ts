import t from "tap";
import { UpstreamError } from "../../src/errors.ts";
import { openObjecting } from "../support/scenes/objecting.ts";

const away = new UpstreamError("forgejo", "HTTP_502", "forgejo: 502; it is tried again later");

t.test("what a member of the team writes is carried out, and nobody is asked for it where nobody wrote", async (t) => {
  const scene = await openObjecting(t, { forge: "forgejo" });
  const { amiId } = scene.nightly;
  let asked = 0;
  const team = { members: () => Promise.resolve([`keeper-${(asked += 1)}`]) };
  await scene.read({ team });
  t.equal(asked, 0);
  scene.comment("keeper-1", `restore ${amiId}`);
  scene.comment("another", "hold on, I want to think about it");
  await scene.read({ team });
  t.match(await scene.field(amiId, "stage"), /^(?:restoring|held)$/);
  t.equal(asked, 1, "once for all comments of a pass");
  t.notMatch(scene.answers().join(), /Only the people who run this service/);
});

t.test(
  "while the team cannot be asked its members' word is anybody's: the image is held, and nothing else",
  async (t) => {
    const scene = await openObjecting(t, { forge: "forgejo" });
    const { amiId } = scene.nightly;
    scene.comment("keeper", `restore ${amiId}`);
    await scene.read({ team: { members: () => Promise.reject(away) } });
    t.equal(await scene.field(amiId, "stage"), "held");
    t.match(scene.answers().join(), /Only the people who run this service/);
    t.match(scene.logged.join(), /error the team of report\.operators_team cannot be asked.*HTTP_502/);
    const bug = { members: () => Promise.reject(new TypeError("a bug")) };
    scene.comment("keeper", `hold ${amiId}`);
    await t.rejects(scene.read({ team: bug }), TypeError, "what is no neighbour's failure is not hidden");
  },
);
