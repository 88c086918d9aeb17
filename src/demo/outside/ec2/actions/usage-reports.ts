import { type Action, type Actions, DONE, type Call } from "./call.ts";
import { PAGE_PARAMETERS, page } from "../state/filters.ts";
import { secondsText, type UsageReportRecord } from "../state/records.ts";
import { Ec2Error, invalidValue, missingParameter } from "../wire/errors.ts";
import { checkImageId } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_ImageUsageReportEntry, "resourceType". */
const RESOURCE_TYPES = ["ec2:Instance", "ec2:LaunchTemplate"] as const;
/** API_ImageUsageReport, "expirationTime". */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** API_DescribeImageUsageReports, "ImageId.N". */
const MAX_IMAGES = 200;

/** API_CreateImageUsageReport. The same token gives the same report. */
const create: Action = {
  mutates: true,
  parameters: ["ImageId", "ClientToken", "ResourceType.#.ResourceType"],
  run: (call) => {
    const image = call.region.ownImage(checkImageId(call.parameters.required("ImageId")), call.account, call.now);
    const types = call.parameters.structures("ResourceType").map((request) => {
      request.required("ResourceType");
      return request.oneOf("ResourceType", RESOURCE_TYPES) ?? "";
    });
    if (types.length === 0) throw missingParameter("resourceTypes");
    const token = call.parameters.text("ClientToken") ?? "";
    const known = reportsOf(call).find((report) => token !== "" && report.token === token);
    if (known !== undefined) return { answer: { reportId: known.id } };
    // "Report quotas" of the guide: one report of an image is made at a time.
    if (reportsOf(call).some((report) => report.imageId === image.id && stateOf(report, call) === "pending"))
      throw new Ec2Error("ResourceLimitExceeded", `A report on ${image.id} is being made already.`);
    const id = `amiur-${(call.region.usageReports.size + 1).toString(16).padStart(17, "0")}`;
    const report = { id, imageId: image.id, token, types, createdAt: call.now, isRemoved: false };
    return {
      answer: { reportId: id },
      change: {
        effect: { kind: "usage-report", reportId: id },
        apply: () => {
          call.region.usageReports.set(id, report);
        },
      },
    };
  },
};

/** API_DescribeImageUsageReports. */
const describe: Action = {
  mutates: false,
  parameters: ["ImageId.#", "ReportId.#", ...PAGE_PARAMETERS],
  run: (call) => {
    const { things, nextToken } = page(call.parameters, asked(call), 1);
    const imageUsageReportSet = things.map((report): XmlElements => ({
      imageId: report.imageId,
      reportId: report.id,
      resourceTypeSet: report.types.map((resourceType) => ({ resourceType })),
      state: stateOf(report, call),
      creationTime: secondsText(report.createdAt),
      expirationTime: secondsText(report.createdAt + KEPT_MS),
    }));
    return { answer: { imageUsageReportSet, nextToken } };
  },
};

/** API_DescribeImageUsageReportEntries; what the image's record says of its use. */
const describeEntries: Action = {
  mutates: false,
  parameters: ["ImageId.#", "ReportId.#", ...PAGE_PARAMETERS],
  run: (call) => {
    const entries = asked(call)
      .filter((report) => stateOf(report, call) === "available")
      .flatMap((report) =>
        (call.region.image(report.imageId)?.usedBy ?? [])
          .filter(({ resourceType }) => report.types.includes(resourceType))
          .map((use) => ({ id: `${report.id}/${use.accountId}/${use.resourceType}`, report, use })),
      );
    const { things, nextToken } = page(call.parameters, entries, 1);
    const imageUsageReportEntrySet = things.map(({ report, use }): XmlElements => ({
      resourceType: use.resourceType,
      reportId: report.id,
      usageCount: String(use.count),
      accountId: use.accountId,
      imageId: report.imageId,
      reportCreationTime: secondsText(report.createdAt),
    }));
    return { answer: { imageUsageReportEntrySet, nextToken } };
  },
};

/** API_DeleteImageUsageReport. */
const remove: Action = {
  mutates: true,
  parameters: ["ReportId"],
  run: (call) => {
    const id = call.parameters.required("ReportId");
    const report = reportsOf(call).find((each) => each.id === id);
    if (report === undefined) throw new Ec2Error("InvalidImageUsageReportId.NotFound", `No report ${id} is there.`);
    return {
      answer: DONE,
      change: {
        effect: { kind: "usage-report", reportId: id },
        apply: () => {
          call.region.usageReports.set(id, { ...report, isRemoved: true });
        },
      },
    };
  },
};

/** Those that are not removed, by a person or by their age. */
function reportsOf({ region, now }: Call): readonly UsageReportRecord[] {
  return [...region.usageReports.values()].filter(
    ({ isRemoved, createdAt }) => !isRemoved && now < createdAt + KEPT_MS,
  );
}

function stateOf(report: UsageReportRecord, { region, now }: Call): "pending" | "available" | "error" {
  const { usageReportMs } = region.settings;
  if (usageReportMs === "error") return "error";
  return now >= report.createdAt + usageReportMs ? "available" : "pending";
}

function asked(call: Call): readonly UsageReportRecord[] {
  const [images, reports] = [call.parameters.list("ImageId").map(checkImageId), call.parameters.list("ReportId")];
  if (images.length > MAX_IMAGES) throw invalidValue("imageIds", String(images.length), `At most ${MAX_IMAGES}.`);
  return reportsOf(call).filter(
    ({ id, imageId }) =>
      (images.length === 0 || images.includes(imageId)) && (reports.length === 0 || reports.includes(id)),
  );
}

export const usageReportActions: Actions = {
  CreateImageUsageReport: create,
  DescribeImageUsageReports: describe,
  DescribeImageUsageReportEntries: describeEntries,
  DeleteImageUsageReport: remove,
};
