import type { Action, Actions } from "./call.ts";
import { FILTER_PARAMETERS, readFilters } from "../state/filters.ts";
import type { FilterFields } from "../state/filters.ts";
import type { Region } from "../state/region.ts";
import { invalidValue } from "../wire/errors.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_DescribeRegions, "Filter.N". */
const FIELDS: FilterFields<Region> = {
  endpoint: (region) => [endpointOf(region)],
  "opt-in-status": (region) => [region.settings.optIn],
  "region-name": (region) => [region.name],
};

/** API_DescribeRegions: those that are open to the account, all with AllRegions, and any that is named. */
const describeRegions: Action = {
  mutates: false,
  parameters: ["RegionName.#", "AllRegions", ...FILTER_PARAMETERS],
  run: ({ parameters, regions }) => {
    const names = parameters.list("RegionName");
    const unknown = names.find((name) => !regions.some((region) => region.name === name));
    if (unknown !== undefined) throw invalidValue("region", unknown, "Invalid region name.");
    const passes = readFilters(parameters, FIELDS, [], null);
    const isListed = (region: Region): boolean =>
      names.length > 0
        ? names.includes(region.name)
        : parameters.flag("AllRegions") || region.settings.optIn !== "not-opted-in";
    const found = regions.filter((region) => isListed(region) && passes(region));
    return { answer: { regionInfo: found.map(renderRegion) } };
  },
};

/** API_Region. */
function renderRegion(region: Region): XmlElements {
  return { regionName: region.name, regionEndpoint: endpointOf(region), optInStatus: region.settings.optIn };
}

function endpointOf(region: Region): string {
  return `ec2.${region.name}.amazonaws.com`;
}

export const regionActions: Actions = { DescribeRegions: describeRegions };
