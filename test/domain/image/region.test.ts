import t from "tap";
import { isRegion } from "../../../src/domain/image/image.ts";

const REAL = [
  ...[
    "us-east-1",
    "us-west-2",
    "af-south-1",
    "ap-northeast-3",
    "ap-south-2",
    "ap-southeast-7",
    "ca-west-1",
    "il-central-1",
  ],
  ...["me-south-1", "mx-central-1", "sa-east-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1"],
  ...["us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1"],
];
const NONE = [
  ...[
    "",
    " ",
    "us-east-",
    "us-east-0",
    "us-east-01",
    "us-east-100",
    "us-east-1a",
    "us-east-1-bos-1",
    "us-west-2-lax-1a",
  ],
  ...[
    "US-EAST-1",
    "us_east_1",
    "useast1",
    "us--east-1",
    "-us-east-1",
    "us-east-1 ",
    "us-east-1\n",
    "us-east-1}:private",
  ],
  ...["mars-north-x", "u-east-1", "europe-east-1", "us-gov-iso-east-1"],
  ...["us-1", "east-1", "fedora-43-1", "..-east-1", "é-east-1", "__proto__", "us-east-१"],
];

t.test("the regions of every partition fit the form, and so will the next ones", (t) => {
  for (const region of REAL) t.equal(isRegion(region), true, region);
  for (const region of ["ap-southeast-12", "br-northeast-1", "eusc-fr-west-2"]) t.equal(isRegion(region), true, region);
  t.end();
});

t.test("what is no region, or unsafe in a key, does not", (t) => {
  for (const text of [...NONE, "us-east-1".repeat(100_000), `us-${"east".repeat(1_000_000)}-1`])
    t.equal(isRegion(text), false, JSON.stringify(text).slice(0, 40));
  t.end();
});
