import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import t from "tap";
import { decode, type Heard } from "../../src/hear/decode.ts";
import { damaged, Dice, mutated, mutatedHeaders } from "../support/random/mutate.ts";
import { ARRIVED_AT, delivered, SAMPLES, type Sample } from "../support/world/inputs/messages.ts";

const MUTANTS = 20_000;
const SEED = 49;
const ENVIRONMENTS = ["prod", "stg", "dev"];

/** The messages that we read, with the schema that they have to fit. */
const SCHEMAS: readonly (readonly [RegExp, string])[] = [
  [/fedimg\.image\.(upload|publish|copy)$/, "fedimg.image.json"],
  [/published\.v1\.aws/, "fedora_image_uploader.aws.json"],
  [/pungi\.compose\.status\.change$/, "pungi.compose.status.change.json"],
  [/twoweek\.complete$/, "releng.atomic.twoweek.complete.json"],
];
const ajv = new Ajv2020({ strictTypes: false, strictRequired: false });
const fits = new Map<string, ValidateFunction>();
const CORPUS = SAMPLES.filter(({ id, topic }) => {
  const file = SCHEMAS.find(([pattern]) => pattern.test(topic))?.[1];
  if (file === undefined || id.startsWith("datagrepper-")) return false;
  const schema = JSON.parse(readFileSync(new URL(`../../schemas/${file}`, import.meta.url), "utf8")) as { $id: string };
  fits.set(id, ajv.getSchema(schema.$id) ?? ajv.compile(schema));
  return true;
});

const NAMED = new Set(JSON.stringify(CORPUS).match(/ami-[0-9a-f]+/g));

/** What is wrong with what was heard, by rules of this test's own; null when nothing is. */
function flawOf(heard: Heard, { topic, body }: Sample): string | null {
  if (heard.kind === "ignored") return null;
  if (heard.kind === "rejected") return heard.reason === "" || heard.reason.length > 50_000 ? "odd reason" : null;
  if (heard.kind === "facts") {
    for (const { composeId, source, type, label, location, released, at } of heard.facts) {
      if (!/^[\w.-]{1,128}$/.test(composeId)) return `fact for ${composeId}`;
      if (source !== "pungi" || at !== ARRIVED_AT) return "fact of another source or time";
      if (released !== undefined && !topic.endsWith("twoweek.complete")) return "a release that nobody announced";
      if (type !== undefined && !/^.{0,64}$/su.test(type)) return "odd type";
      if (label != null && !/^.{1,128}$/su.test(label)) return "odd label";
      if (location !== undefined && typeof location !== "string") return "odd location";
    }
    return null;
  }
  const most = topic.includes("fedimg") ? 1 : Object.keys(body["regions"] as object).length + 3;
  if (heard.uploads.length === 0 || heard.uploads.length > most) return `${heard.uploads.length} uploads`;
  for (const { region, amiId, composeId, imageName, arch, uploadedAt } of heard.uploads) {
    if (!/^[a-z]{2}-[a-z]+-[0-9]$/.test(region)) return `region ${region}`;
    if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(amiId) || !NAMED.has(amiId)) return `image ${amiId}`;
    if (!/^[\w.-]{1,128}$/.test(composeId)) return `compose ${composeId}`;
    if (imageName !== null && !/^.{1,256}$/su.test(imageName)) return "odd name";
    if (arch !== null && !/^.{1,32}$/su.test(arch)) return "odd architecture";
    if (!Number.isInteger(uploadedAt / 1000) || uploadedAt < 0 || uploadedAt > ARRIVED_AT) return `time ${uploadedAt}`;
  }
  return null;
}

t.test("20,000 mutated messages: none throws, names a new image, or gets an odd id or region through", (t) => {
  const dice = new Dice(SEED);
  const counts: Record<string, number> = {};
  const flaws: string[] = [];
  let fitting = 0;
  for (let number = 0; number < MUTANTS; number += 1) {
    const sample = dice.pick(CORPUS);
    const text = JSON.stringify(mutated(sample.body, dice));
    const { bytes, isWhole } = damaged(text, dice);
    const isFitting = isWhole && fits.get(sample.id)?.(JSON.parse(text)) === true;
    if (isFitting) fitting += 1;
    try {
      const message = delivered({ ...sample, headers: mutatedHeaders(sample.headers, dice) }, bytes);
      const heard = decode(message, ENVIRONMENTS);
      counts[heard.kind] = (counts[heard.kind] ?? 0) + 1;
      const flaw = flawOf(heard, sample) ?? (isFitting || heard.kind === "rejected" ? null : "no schema was asked");
      if (flaw !== null) flaws.push(`mutant ${number} of ${sample.id}: ${flaw}: ${text.slice(0, 500)}`);
    } catch (error) {
      flaws.push(`mutant ${number} of ${sample.id} threw ${String(error)}: ${text.slice(0, 500)}`);
    }
  }
  t.comment(`seed ${SEED}: ${fitting} of ${MUTANTS} mutants pass the schema; ${JSON.stringify(counts)}`);
  t.same(flaws.slice(0, 5), []);
  t.ok(fitting >= MUTANTS * 0.3, `${((100 * fitting) / MUTANTS).toFixed(1)} % of the mutants pass the schema`);
  for (const kind of ["uploads", "facts", "ignored", "rejected"])
    t.ok((counts[kind] ?? 0) > MUTANTS / 50, `${counts[kind] ?? 0} ended as ${kind}`);
  t.same(Object.keys(Object.prototype), [], "and nobody's objects have new keys");
  t.end();
});
