import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { configPath } from "../../src/config/config.ts";

t.test("the file is --config, else FEDORA_MESSAGING_CONF, else config.toml here, else fedora-messaging's own", (t) => {
  t.equal(configPath("a.toml", { FEDORA_MESSAGING_CONF: "b.toml" }), "a.toml");
  t.equal(configPath(undefined, { FEDORA_MESSAGING_CONF: "b.toml" }), "b.toml");
  const dir = t.testdir({ there: "", last: "" });
  const [there, last, absent] = [join(dir, "there"), join(dir, "last"), join(dir, "absent")];
  t.equal(configPath(undefined, {}, [there, last]), there);
  t.equal(configPath(undefined, { FEDORA_MESSAGING_CONF: "" }, [absent, last]), last, "an empty variable is none");
  t.equal(configPath(undefined, {}, [join(dir, "a"), absent]), absent, "the last place is the one that is missed");
  const here = process.cwd();
  t.teardown(() => {
    process.chdir(here);
  });
  process.chdir(dir);
  const own = "/etc/fedora-messaging/config.toml";
  t.equal(configPath(undefined, {}), own);
  writeFileSync(join(dir, "config.toml"), "");
  t.equal(configPath(undefined, {}), "config.toml");
  t.end();
});
