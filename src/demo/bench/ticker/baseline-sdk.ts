import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
} from "@aws-sdk/client-ec2";

/** An image to be made private by hand. */
export interface Bare {
  readonly amiId: string;
  readonly snapshotIds: readonly string[];
}

/** Clients of their own, one a region, and nothing else. */
export function openBare(endpoint: string, credentials: { accessKeyId: string; secretAccessKey: string }) {
  const clients = new Map<string, EC2Client>();
  return (region: string): EC2Client => {
    const client = clients.get(region) ?? new EC2Client({ endpoint, credentials, region });
    clients.set(region, client);
    return client;
  };
}

/** Looks, tags, closes, looks again and tags, one call after the other; resolves to how many calls that were. */
export async function closeBare(client: EC2Client, { amiId, snapshotIds }: Bare): Promise<number> {
  let calls = 0;
  const send = async (ask: () => Promise<unknown>): Promise<void> => {
    calls += 1;
    await ask();
  };
  const look = (): Promise<void> =>
    send(() => client.send(new DescribeImagesCommand({ Filters: [{ Name: "image-id", Values: [amiId] }] })));
  const permissions = async (): Promise<void> => {
    for (const SnapshotId of snapshotIds)
      await send(() =>
        client.send(new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: "createVolumePermission" })),
      );
  };
  const tag = (Key: string): Promise<void> =>
    send(() => client.send(new CreateTagsCommand({ Resources: [amiId, ...snapshotIds], Tags: [{ Key, Value: "1" }] })));
  await look();
  await permissions();
  const Filters = [{ Name: "snapshot-id", Values: [...snapshotIds] }];
  await send(() => client.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters })));
  await tag("intent");
  const LaunchPermission = { Remove: [{ Group: "all" as const }] };
  await send(() => client.send(new ModifyImageAttributeCommand({ ImageId: amiId, LaunchPermission })));
  const remove = { Attribute: "createVolumePermission", OperationType: "remove", GroupNames: ["all"] } as const;
  for (const SnapshotId of snapshotIds)
    await send(() =>
      client.send(new ModifySnapshotAttributeCommand({ ...remove, SnapshotId, GroupNames: [...remove.GroupNames] })),
    );
  await look();
  await permissions();
  await tag("done");
  return calls;
}
