import {
  CreateImageUsageReportCommand,
  DeleteImageUsageReportCommand,
  paginateDescribeImageReferences,
  paginateDescribeImageUsageReportEntries,
  paginateDescribeImageUsageReports,
  paginateDescribeInstances,
  type EC2Client,
  type ResourceTypeRequest,
} from "@aws-sdk/client-ec2";
import { Ec2Clients, type Ec2Options } from "./clients.ts";
import { isDenied, isNotOffered, isGone, translateEc2 } from "./errors.ts";
import { BATCH } from "./questions.ts";
import { translateErrors } from "../translate.ts";
import { HOUR_MS, type Instant } from "../../domain/time.ts";
import { RefusedError } from "../../errors.ts";
import type { Clock, Log, UsageReports } from "../../ports/index.ts";

/** One thing that uses an image. */
type Use = readonly [amiId: string, user: string];

/** A way to learn what uses images, with the most of them that one call takes. */
interface Way {
  readonly batch: number;
  readonly permission: string;
  ask(client: EC2Client, amiIds: readonly string[]): AsyncIterable<Use>;
}

const WAYS: readonly Way[] = [
  // API_DescribeImageReferences: at most 10 images.
  { batch: 10, permission: "ec2:DescribeImageReferences", ask: references },
  // At most 200 values in a filter. It knows nothing of launch templates.
  { batch: 200, permission: "ec2:DescribeInstances", ask: instances },
];

/** When a permission that was denied is tried again: somebody may have mended it. */
const TRY_AGAIN_MS = HOUR_MS;
/** API_ResourceTypeOption, `version-depth`: the newest so many versions are looked at, 10 by default and 10,000 at the most. */
const DEPTH = "10000";
/** API_DescribeInstances, `instance-state-name`, without `terminated`. */
const LIVING = ["pending", "running", "shutting-down", "stopping", "stopped"];
/** The kinds of users that are asked for: for others EC2 wants further permissions. */
export const USER_TYPES: ResourceTypeRequest[] = [
  // Without a state, terminated instances count for as long as EC2 shows them.
  { ResourceType: "ec2:Instance", ResourceTypeOptions: [{ OptionName: "state-name", OptionValues: LIVING }] },
  // `$Default`, and a version that somebody pinned, may be old ones.
  {
    ResourceType: "ec2:LaunchTemplate",
    ResourceTypeOptions: [{ OptionName: "version-depth", OptionValues: [DEPTH] }],
  },
];
const PAGES = { pageSize: 200, stopOnSameToken: true };

/** What of the account uses images; remembers per region which of the ways is denied. */
export class Usage {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #deniedUntil = new Map<string, Instant>();
  readonly #told = new Set<string>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Throws `RefusedError` with the code `guard-unusable` when every way is denied. */
  async usersOf(region: string, client: EC2Client, amiIds: readonly string[]): Promise<Map<string, string[]>> {
    for (const [index, way] of WAYS.entries()) {
      const key = `${region} ${index}`;
      if (this.#clock.now() < (this.#deniedUntil.get(key) ?? 0)) continue;
      try {
        return await askInBatches(client, way, amiIds);
      } catch (error) {
        if (!isDenied(error) && !isNotOffered(error)) throw error;
        this.#deniedUntil.set(key, this.#clock.now() + TRY_AGAIN_MS);
        this.#tell(region, way.permission, isDenied(error));
      }
    }
    throw new RefusedError(
      "ec2",
      "guard-unusable",
      `ec2: usersOf in ${region}: the credentials have neither ec2:DescribeImageReferences (as in the policy ` +
        'AmazonEC2ImageReferencesAccessPolicy) nor ec2:DescribeInstances: allow one, or set ec2.unusable_guards = "pass"',
    );
  }

  /** Once a region and permission: an image that is in use without our seeing it must not be a surprise. */
  #tell(region: string, permission: string, isDenied: boolean): void {
    if (this.#told.has(`${region} ${permission}`)) return;
    this.#told.add(`${region} ${permission}`);
    const why = isDenied ? "the credentials may not make this call" : "the endpoint does not know this call";
    this.#log.warn({ region, permission, why }, "what uses an image cannot be asked in this way");
  }
}

async function askInBatches(client: EC2Client, way: Way, amiIds: readonly string[]): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (let start = 0; start < amiIds.length; start += way.batch)
    for await (const [amiId, user] of way.ask(client, amiIds.slice(start, start + way.batch)))
      users.set(amiId, [...new Set([...(users.get(amiId) ?? []), user])]);
  return users;
}

async function* references(client: EC2Client, amiIds: readonly string[]): AsyncGenerator<Use> {
  const question = { ImageIds: [...amiIds], ResourceTypes: USER_TYPES };
  for await (const { ImageReferences = [] } of paginateDescribeImageReferences({ client, ...PAGES }, question))
    for (const { ImageId = "", Arn = "" } of ImageReferences) yield [ImageId, Arn];
}

async function* instances(client: EC2Client, amiIds: readonly string[]): AsyncGenerator<Use> {
  const Filters = [
    { Name: "image-id", Values: [...amiIds] },
    { Name: "instance-state-name", Values: LIVING },
  ];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client, ...PAGES }, { Filters }))
    for (const { Instances = [] } of Reservations)
      for (const { ImageId = "", InstanceId = "" } of Instances) yield [ImageId, InstanceId];
}

/** Whose references are counted; of launch templates EC2 looks at the newest 20 versions (EC2 User Guide, "View your AMI usage"). */
export const REPORTED_TYPES = [{ ResourceType: "ec2:Instance" }, { ResourceType: "ec2:LaunchTemplate" }];

/** EC2's reports on who uses an image. They may be asked for of images that are shared or public (the same guide). */
export function openUsageReports(options: Ec2Options): UsageReports & { close(): void } {
  const clients = new Ec2Clients(options);
  const reports: UsageReports = {
    begin: async (region, amiId, token) => {
      const question = { ImageId: amiId, ResourceTypes: REPORTED_TYPES, ClientToken: token };
      return (await clients.region(region).send(new CreateImageUsageReportCommand(question))).ReportId ?? "";
    },
    states: async (region, amiIds) => {
      const states = new Map<string, string>();
      const client = clients.region(region);
      for (let start = 0; start < amiIds.length; start += BATCH) {
        const ImageIds = amiIds.slice(start, start + BATCH);
        for await (const page of paginateDescribeImageUsageReports({ client, ...PAGES }, { ImageIds }))
          for (const { ReportId = "", State = "" } of page.ImageUsageReports ?? []) states.set(ReportId, State);
      }
      return states;
    },
    accounts: async (region, reportId) => {
      const [client, ours] = [clients.region(region), await clients.account()];
      const others = new Set<string>();
      const question = { ReportIds: [reportId] };
      for await (const page of paginateDescribeImageUsageReportEntries({ client, ...PAGES }, question))
        for (const { AccountId = "", UsageCount = 0 } of page.ImageUsageReportEntries ?? [])
          if (AccountId !== ours && UsageCount > 0) others.add(AccountId);
      return others.size;
    },
    remove: async (region, reportId) => {
      try {
        await clients.region(region).send(new DeleteImageUsageReportCommand({ ReportId: reportId }));
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
  };
  return Object.assign(Object.create(translateErrors(reports, translateEc2)) as UsageReports, {
    close: () => {
      clients.close();
    },
  });
}
