import { html } from "./html.ts";
import { composeLife, lifeOf, type Life } from "./life.ts";
import { findLink, pageAnswer, table } from "./shell.ts";
import { Problem, type Answer } from "../answer.ts";
import { publicCompose, publicExplanation } from "../public.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { isAmiId } from "../../domain/image/image.ts";
import { dayOf } from "../../domain/time.ts";
import {
  explainAmi,
  explainCompose,
  MOST_OF_COMPOSE,
  type Explainer,
  type ImageExplanation,
} from "../../inspect/explain.ts";
import { withoutSecrets } from "../../domain/report/gate.ts";
import type { Found, Journal, Names } from "../../ports/index.ts";

/** Who looks for what people ask about. */
export interface Finder extends Omit<Explainer, "journal"> {
  readonly journal: Explainer["journal"] & Pick<Journal, "newest">;
  readonly names: Pick<Names, "search">;
  /** Searches by a part of a name that are under way. */
  readonly searches: { underWay: number };
}

/** Images that a search shows. */
const MOST_FOUND = 100;
/** Events of a region that are looked through for the last report. */
const MOST_EVENTS = 500;

/** The life of what was asked for: an AMI, a compose, or what has the text in its name. Throws `Problem`, `UpstreamError`. */
export async function findPage(text: string, finder: Finder): Promise<Answer> {
  const asked = text.trim();
  if (isAmiId(asked.toLowerCase())) return amiPage(asked.toLowerCase(), finder);
  if (asked.length < 3) throw new Problem(400, "Bad Request", "q: at least three characters");
  if (isKeySafeComposeId(asked)) {
    const found = await explainCompose(asked, finder, MOST_OF_COMPOSE);
    if (found.isKnown)
      return pageAnswer({
        title: asked,
        asked,
        main: composeLife(asked, publicCompose(found), finder.now()),
        feed: feedOf(asked),
      });
  }
  const found = await searchAlone(asked, finder);
  const [only] = found.images;
  if (only !== undefined && found.images.every(({ amiId }) => amiId === only.amiId) && !found.isMore)
    return amiPage(only.amiId, finder);
  return namesPage(asked, found);
}

/** It may take Redis a quarter of a second: one at a time. Throws `Problem`, `UpstreamError`. */
async function searchAlone(asked: string, { names, searches }: Finder): Promise<Found> {
  if (searches.underWay > 0)
    throw new Problem(503, "Service Unavailable", "somebody else is searching: try again", { "retry-after": "2" });
  searches.underWay += 1;
  try {
    return await names.search(asked, MOST_FOUND);
  } finally {
    searches.underWay -= 1;
  }
}

async function amiPage(amiId: string, finder: Finder): Promise<Answer> {
  const found = await explainAmi(amiId, finder);
  if (found.length === 0)
    return pageAnswer({ title: `Never heard of ${amiId}`, asked: amiId, main: NEVER_HEARD, status: 404 });
  const lives = await Promise.all(found.map((each) => lifeIn(each, finder)));
  const main = html`${lives.map((life) => lifeOf(life, finder.now()))}`;
  return pageAnswer({ title: amiId, asked: amiId, main });
}

async function lifeIn(explanation: ImageExplanation, finder: Finder): Promise<Life> {
  const { image, history } = explanation;
  const own = reportOf(history.findLast(({ what }) => what === "noticed"));
  const url = own ?? (await lastReport(image.region, finder));
  return {
    explanation: publicExplanation(explanation),
    report: url === null ? null : { url, isOwn: own !== null },
  };
}

/** Where the public was told last of any image of the region, as far as that is remembered among its newest events. */
async function lastReport(region: string, { journal }: Pick<Finder, "journal">): Promise<string | null> {
  const newest = await journal.newest(region, MOST_EVENTS);
  return reportOf(newest.find(({ what }) => what === "noticed"));
}

/** The address that a notice's event has; null: it has none that a browser should open. */
function reportOf(notice: ImageEvent | undefined): string | null {
  const told = notice?.why ?? "";
  return /^https?:\/\/[^\s"'<>]{1,500}$/.test(told) ? told : null;
}

function feedOf(composeId: string): { readonly href: string; readonly title: string } {
  return { href: `/feed.atom?compose=${encodeURIComponent(composeId)}`, title: `${composeId}: what was made private` };
}

function namesPage(asked: string, { images, isMore, since }: Found): Answer {
  const older =
    since === null
      ? null
      : html`<p>
          Names of images that were uploaded before ${dayOf(since)} were not looked through: ask for those by their AMI
          id or compose id.
        </p>`;
  if (images.length === 0) {
    const title = since === null ? `Never heard of “${asked}”` : `Nothing new is called “${asked}”`;
    return pageAnswer({ title, asked, main: html`${older}${NEVER_HEARD}`, status: 404 });
  }
  const main = html`${isMore ? html`<p>There are more: give more of the name.</p>` : null}${older}
  ${table(
    `Images with “${asked}” in their name, the newest first`,
    ["AMI", "region", "name", "compose"],
    images.map(({ amiId, region, imageName, composeId }) => [
      findLink(amiId),
      region,
      withoutSecrets(imageName),
      findLink(composeId),
    ]),
  )}`;
  return pageAnswer({ title: `Images like “${asked}”`, asked, main });
}

const NEVER_HEARD = html`<p>Nothing here knows of it. That can be, because</p>
  <ul>
    <li>no message on Fedora’s bus has named it: it is somebody else’s image, or older than this service;</li>
    <li>it was deleted, or vanished, more than 400 days ago: so long it is remembered;</li>
    <li>there is a mistake in what was typed. An AMI id has ami- and 17 (old ones: 8) hexadecimal digits.</li>
  </ul>
  <p>What this service never heard of, it never touches.</p>`;
