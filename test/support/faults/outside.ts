import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { PROJECT } from "../../../src/demo/objector.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { TOKEN, USER } from "../../../src/demo/service-config.ts";
import { ACCOUNT } from "../../../src/demo/world.ts";
import { outgoing } from "../servers/broker/bus.ts";
import type { SteadyPublisher } from "./publisher.ts";

/** So many that EC2's rates, which are a region's, delay nothing, and that none ever has images enough for a share of them to count. */
export const REGIONS = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "me-south-1", "af-south-1"],
  ...["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1"],
  ...["ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
];

/** Those that are none of ours. */
interface Doubles {
  readonly simulator: Ec2Simulator;
  readonly forge: PagureDouble;
  readonly archive: DatagrepperDouble;
}

export async function openDoubles(t: Test): Promise<Doubles> {
  const simulator = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
  const forge = await startPagureDouble();
  const archive = await startDatagrepper();
  t.teardown(() => Promise.all([simulator.close(), forge.close(), archive.close()]));
  forge.tracker.setProject(PROJECT, { writers: [USER] });
  forge.setToken(TOKEN, { user: USER });
  return { simulator, forge, archive };
}

/** The image of a nightly of its own, as two would not have one name, is put into EC2, and announced. */
export async function publishOne(
  index: number,
  { simulator, archive }: Doubles,
  publisher: SteadyPublisher,
  isArchived: boolean,
): Promise<void> {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const [composeId, region] = [`Fedora-Rawhide-${day}.n.${index}`, REGIONS[index % REGIONS.length] ?? ""];
  const tail = randomUUID().replaceAll("-", "").slice(0, 17);
  const [amiId, name] = [`ami-${tail}`, `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${index}`];
  simulator.addImage(region, {
    id: amiId,
    name,
    ownerId: ACCOUNT,
    snapshots: [{ id: `snap-${tail}`, isPublic: true }],
  });
  const body = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [region]: amiId } };
  const message = outgoing("fedora_image_uploader.published.v1.aws.rawhide", body);
  const { topic, messageId: id, headers } = message;
  if (isArchived) archive.add({ topic, id, at: Date.now(), headers, body });
  await publisher.send(amiId, message);
}
