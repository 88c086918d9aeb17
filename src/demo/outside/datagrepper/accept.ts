const OFFERED = ["application/json", "text/html", "text/plain"];

/**
 * Whether an Accept header prefers a web page, as datagrepper/util.py `request_wants_html` decides: a browser does; a client
 * that says nothing, or takes anything, gets JSON.
 */
export function wantsHtml(accept: string): boolean {
  const ranges = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { type, quality: quality === undefined ? 1 : Number(quality) };
  });
  const qualityOf = (offer: string): number => {
    const names = [offer, `${offer.split("/")[0] ?? ""}/*`, "*/*"];
    return (
      names.map((name) => ranges.find(({ type }) => type === name)?.quality).find((each) => each !== undefined) ?? 0
    );
  };
  const best = OFFERED.toSorted((a, b) => qualityOf(b) - qualityOf(a))[0];
  return best === "text/html" && qualityOf("text/html") > 0;
}

/** The Content-Type of a JSON answer: the Accept header itself, whatever it says (`json_return`). */
export function mimeOf(accept: string | undefined): string {
  if (accept === undefined) return "text/html; charset=utf-8";
  return accept === "*/*" ? "application/json" : accept;
}
