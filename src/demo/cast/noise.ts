import type { HeardEvent } from "../../domain/topics.ts";

/** Bodies that nobody can understand, and the topics they come on: each is kept in the rejected stream. */
export const RUBBISH: readonly { readonly topic: HeardEvent; readonly body: string | Buffer }[] = [
  { topic: "fedimg.image.publish", body: "not JSON at all" },
  { topic: "fedimg.image.upload", body: "[1, 2, 3]" },
  { topic: "fedimg.image.publish", body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) },
  { topic: "fedimg.image.copy", body: "{}" },
  {
    topic: "fedimg.image.publish",
    body: '{"compose": "Fedora-Rawhide-20191109.n.0", "extra": {"id": "ami-0f4c7283a18abbc53"}}',
  },
  {
    topic: "fedora_image_uploader.published.v1.aws",
    body: '{"compose_id": "Fedora-40-20240501.n.0", "architecture": "x86_64", "image_name": "Fedora-Cloud-AmazonEC2", "regions": {"us-east-2": "ami-123", "us-west-1": "ami-321"}}',
  },
  {
    topic: "fedora_image_uploader.published.v1.aws",
    body: '{"compose_id": "../../etc", "architecture": "x86_64", "image_name": "x", "regions": {"us-east-2": "ami-0aaaaaaaaaaaaaaa0"}}',
  },
  { topic: "pungi.compose.status.change", body: '{"status": "FINISHED", "compose_id": 28}' },
];

/** Messages that are well, and not ours: each is counted and forgotten. */
export const NOT_OURS: readonly { readonly environment: string; readonly topic: string; readonly body: object }[] = [
  {
    environment: "prod",
    topic: "fedimg.image.upload",
    body: { destination: "us-east-1", status: "started", compose: "Fedora-Rawhide-20261119.n.1", extra: {} },
  },
  {
    environment: "prod",
    topic: "fedimg.image.upload",
    body: {
      destination: "EC2 (us-east-1)",
      status: "failed",
      extra: { data: "curl: (22)" },
      compose: { compose_id: "Fedora-Atomic-24-20160710.0" },
    },
  },
  {
    environment: "stg",
    topic: "fedimg.image.publish",
    body: {
      compose: "Fedora-Rawhide-20261119.n.1",
      destination: "us-east-1",
      service: "EC2",
      extra: { id: "ami-0ccccccccccccccc0" },
    },
  },
  {
    environment: "dev",
    topic: "fedora_image_uploader.published.v1.aws",
    body: {
      compose_id: "Fedora-Rawhide-20261119.n.1",
      architecture: "x86_64",
      image_name: "x",
      regions: { "us-east-1": "ami-0ccccccccccccccc1" },
    },
  },
  {
    environment: "prod",
    topic: "releng.atomic.twoweek.complete",
    body: {
      atomic_raw: {
        release: "22",
        name: "Fedora-Cloud-Atomic-Raw",
        image_name: "Fedora-Cloud-Atomic-22-20151015.x86_64.raw.xz",
      },
    },
  },
];
