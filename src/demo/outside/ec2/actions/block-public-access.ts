import type { Action, Actions, Call, Outcome } from "./call.ts";
import type { RegionSettings } from "../state/records.ts";

/** API_GetImageBlockPublicAccessState. */
const getState: Action = {
  mutates: false,
  parameters: [],
  run: ({ region }) => ({
    answer: { imageBlockPublicAccessState: region.settings.blockPublicAccess, managedBy: "account" },
  }),
};

/** API_EnableImageBlockPublicAccess; the ten minutes that it may take are none here. */
const enable: Action = {
  mutates: true,
  parameters: ["ImageBlockPublicAccessState"],
  run: (call) => {
    call.parameters.required("ImageBlockPublicAccessState");
    call.parameters.oneOf("ImageBlockPublicAccessState", ["block-new-sharing"]);
    return set(call, "block-new-sharing");
  },
};

/** API_DisableImageBlockPublicAccess. */
const disable: Action = { mutates: true, parameters: [], run: (call) => set(call, "unblocked") };

function set(call: Call, state: RegionSettings["blockPublicAccess"]): Outcome {
  return {
    answer: { imageBlockPublicAccessState: state },
    change: {
      effect: { kind: "block-public-access", state },
      apply: () => {
        call.region.settings = { ...call.region.settings, blockPublicAccess: state };
      },
    },
  };
}

export const blockPublicAccessActions: Actions = {
  GetImageBlockPublicAccessState: getState,
  EnableImageBlockPublicAccess: enable,
  DisableImageBlockPublicAccess: disable,
};
