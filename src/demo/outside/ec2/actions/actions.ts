import { blockPublicAccessActions } from "./block-public-access.ts";
import type { Actions } from "./call.ts";
import { describeImages } from "./describe-images.ts";
import { imageAttributeActions } from "./image-attribute.ts";
import { imageLifecycleActions } from "./image-lifecycle.ts";
import { imageReferenceActions } from "./image-references.ts";
import { instanceActions } from "./instances.ts";
import { regionActions } from "./regions.ts";
import { snapshotActions } from "./snapshots.ts";
import { tagActions } from "./tags.ts";
import { usageReportActions } from "./usage-reports.ts";

/** All that the simulator knows; what EC2 knows besides is told as not simulated, and what neither knows is `InvalidAction`. */
export const ACTIONS: Actions = {
  DescribeImages: describeImages,
  ...imageAttributeActions,
  ...imageLifecycleActions,
  ...blockPublicAccessActions,
  ...snapshotActions,
  ...tagActions,
  ...regionActions,
  ...instanceActions,
  ...imageReferenceActions,
  ...usageReportActions,
};
