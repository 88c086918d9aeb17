/** The schemas that values are checked against, as plain code: to make that takes a start longer than to run it. */
import { createRequire } from "node:module";
import { ROOT } from "./shell.mjs";
import { read, write } from "./files.mjs";

const STRICT = { strict: true, strictTypes: false, strictRequired: false };
/** By which options of ajv each is made. */
const OPTIONS = {
  "composeinfo.json": STRICT,
  "config.json": { ...STRICT, useDefaults: true, verbose: true },
  "fedimg.image.json": STRICT,
  "fedora_image_uploader.aws.json": STRICT,
  "pungi.compose.status.change.json": STRICT,
  "releng.atomic.twoweek.complete.json": STRICT,
};

const pathOf = (schema) => `dist/schemas/${schema.replace(/json$/, "check.cjs")}`;

/** What `writeChecks` makes, and all that it makes it from. */
export const CHECKS = Object.keys(OPTIONS).map(pathOf);
export const CHECKS_MADE_BY = "src/setup/checks.mjs";

/** Throws when a schema is none that ajv takes. */
export function writeChecks() {
  const require = createRequire(`${ROOT}/package.json`);
  const { Ajv2020 } = require("ajv/dist/2020.js");
  const { default: codeOf } = require("ajv/dist/standalone");
  for (const [schema, options] of Object.entries(OPTIONS)) {
    const ajv = new Ajv2020({ ...options, code: { source: true, lines: true } });
    write(pathOf(schema), codeOf(ajv, ajv.compile(JSON.parse(read(`schemas/${schema}`)))));
  }
}
