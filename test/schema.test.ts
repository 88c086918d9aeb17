import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { ROOT } from "./support/docs/blocks.ts";

t.test("each of our schemas is one, which no start of the program asks any more", (t) => {
  const ajv = new Ajv2020({ strict: false });
  const names = readdirSync(join(ROOT, "schemas")).filter((name) => name !== "openapi.json");
  t.ok(names.includes("config.json"));
  for (const name of names) {
    const schema = JSON.parse(readFileSync(join(ROOT, "schemas", name), "utf8")) as object;
    t.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`);
  }
  t.equal(ajv.validateSchema({ type: "texts" }), false);
  t.end();
});
