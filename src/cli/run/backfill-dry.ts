import type { Invocation } from "../command/command.ts";
import { jsonLine } from "../terminal/show.ts";
import type { Config } from "../../config/config.ts";
import type { Upload } from "../../domain/image/upload.ts";
import { formatInstant } from "../../domain/time.ts";
import { readHeard, slicesOf } from "../../hear/backfill.ts";
import { Rehearsal } from "../../hear/rehearsal.ts";
import type { Stretch } from "../../ports/messages.ts";

/**
 * What would be scheduled, by the messages of the stretch alone: an image a line, once however often it is named, and at the end
 * how many have which fate. Resolves to the exit code. Throws as the archive does.
 */
export async function dryRun(stretch: Stretch, config: Config, { print, stop, options }: Invocation): Promise<number> {
  const { openArchive } = await import("../../app/upstream.ts");
  const archive = openArchive(config);
  if (archive === null) return 1;
  const rehearsal = new Rehearsal();
  const images = new Map<string, Upload>();
  for (const slice of slicesOf(stretch)) {
    if (stop.aborted) return 1;
    for await (const heard of readHeard(slice, archive, config.environments)) {
      rehearsal.learn(heard);
      if (heard.kind !== "uploads") continue;
      for (const upload of heard.uploads) {
        const name = `${upload.region} ${upload.amiId}`;
        // The first announcement's time counts.
        if (!images.has(name)) images.set(name, upload);
      }
    }
  }
  const isJson = options["json"] === true;
  const counts = new Map<string, number>();
  for (const upload of images.values()) {
    const fate = rehearsal.fateOf(upload, config.policy);
    const kind = fate.split(":")[0] ?? fate;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const isDue = kind.startsWith("delete");
    const due = formatInstant(upload.uploadedAt + config.periods.privateAfterMs);
    const { region, amiId, composeId } = upload;
    if (isJson)
      await print(jsonLine({ region, ami: amiId, compose_id: composeId, fate, private_at: isDue ? due : null }));
    else await print(`${region} ${amiId} ${composeId}: ${fate}${isDue ? `; private at ${due}` : ""}`);
  }
  const sums = [...counts].sort();
  if (isJson) await print(jsonLine({ done: true, images: images.size, fates: Object.fromEntries(sums) }));
  else for (const [what, number] of sums) await print(`${String(number).padStart(8)}  ${what}`);
  return 0;
}
