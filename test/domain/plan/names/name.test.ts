import t from "tap";
import { PRODUCTS } from "../../../../src/domain/compose/product.ts";
import { likeliestCompose, nameMismatch } from "../../../../src/domain/plan/name.ts";
import { REAL_COMPOSES } from "../../../fixtures/composes.ts";
import { fieldCase, type FieldCase } from "../../../support/world/inputs/cases.ts";

interface NameCase extends FieldCase<readonly ("act" | "refused")[]> {
  readonly names: readonly (readonly [name: string, composeId: string])[];
}

for (const number of ["04", "36"])
  t.test(`case ${number}: each of its names is acted on or refused as it should be`, (t) => {
    const { names, expected } = fieldCase(number) as NameCase;
    for (const [index, [name, composeId]] of names.entries()) {
      const mismatch = nameMismatch(name, composeId, null);
      t.equal(mismatch === null ? "act" : "refused", expected[index], `${name} of ${composeId}: ${mismatch ?? "ok"}`);
    }
    t.end();
  });

const GA_NAMES = [
  "Fedora-Cloud-Base-28-1.1.x86_64-hvm-us-east-1-gp2-0",
  "Fedora-Atomic-26-1.5.x86_64-hvm-us-east-1-gp2-0",
  "Fedora-Cloud-Base-AmazonEC2.aarch64-40-1.14-hvm-us-east-1-gp3-0",
  "Fedora-Cloud-Base-AmazonEC2.aarch64-42-1.1",
  "Fedora-Cloud-Base-32-1.2.x86_64-hvm-us-east-1-standard-0",
  "Fedora-Cloud-Base-23-20151030.x86_64-us-west-1-HVM-standard-0",
];
const BETA_NAMES = [
  "Fedora-Cloud-Base-AmazonEC2.x86_64-41-Prerelease-1.2",
  "Fedora-Cloud-Base-32_Beta-1.2.x86_64-hvm-us-east-1-gp2-0",
];

t.test("an image with its compose's own product, version, date and respin in its name may be acted on", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-Cloud-36-20221013.0"],
    ["Fedora-Cloud-Base-27-20180317.0.x86_64-hvm-ap-northeast-1-standard-12", "Fedora-Cloud-27-20180317.0"],
    ["Fedora-Cloud-Base-Rawhide-20230504.n.0.aarch64-hvm-us-east-1-gp3-0", "Fedora-Rawhide-20230504.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20240331.n.0-hvm-us-east-1-gp3-0", "Fedora-Rawhide-20240331.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-40-20240413.n.0-hvm-us-east-1-gp3-0", "Fedora-40-20240413.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20260122.n.0", "Fedora-Rawhide-20260122.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-eln-20240830.n.7", "Fedora-eln-20240830.n.7"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-ELN-20240830.7", "Fedora-ELN-20240830.n.7"],
    ["Fedora-Cloud-Base-24-20160507.n.0.x86_64-us-west-1-HVM-standard-0", "Fedora-24-20160507.n.0"],
    ["Fedora-Cloud-Base-28-20180126.n.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-Cloud-28-20180126.n.0"],
    ["Fedora-Cloud-Base-24-20160710.0.x86_64-us-east-1-HVM-standard-0", "Fedora-Atomic-24-20160710.0"],
    ["Fedora-Atomic-27-20180507.0.x86_64-hvm-eu-west-2-gp2-0", "Fedora-Atomic-27-20180507.0"],
    ["Fedora-AtomicHost-28-20180625.1.x86_64-hvm-us-east-1-gp2-0", "Fedora-Atomic-28-20180625.1"],
    ["Fedora-AtomicHost-29-20190820.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-29-updates-20190820.0"],
  ] as const;
  for (const [name, composeId] of rows) t.equal(nameMismatch(name, composeId, null), null, name);
  t.same(
    PRODUCTS.filter(({ images }) => !rows.some(([name]) => images.some((image) => name.startsWith(image)))),
    [],
    "each product has a row",
  );
  t.end();
});

t.test("a released image or a Beta is refused, whichever compose a message gave it", (t) => {
  for (const name of [...GA_NAMES, ...BETA_NAMES]) {
    const reached = REAL_COMPOSES.filter(({ id }) => nameMismatch(name, id, null) === null);
    t.same(reached, [], name);
  }
  t.end();
});

t.test("the refusal says in a sentence which part differs", (t) => {
  const cloud = "Fedora-Cloud-43-20260305.0";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0";
  const branched = "Fedora-44-20260305.n.0";
  const rows = [
    [
      "fedora-coreos-41.20241109.3.0-x86_64",
      cloud,
      /^its name in EC2, "fedora-coreos-41[^"]+", fits no form of Fedora's names$/,
    ],
    [name.replace("20260305.0", "1.6"), cloud, "its name in EC2 says 43-1.6, as a release's does"],
    [name.replace("43-2", "43-Beta-2"), cloud, "its name in EC2 says Beta, as a release's does"],
    [
      name.replace("-AmazonEC2", "-Azure"),
      cloud,
      "its name in EC2 says Fedora-Cloud-Base-Azure, which composes of Fedora-Cloud do not build",
    ],
    [name, "Fedora-IoT-43-20260305.0", "no AMIs of composes of Fedora-IoT are known"],
    [
      name,
      "Fedora-43-updates-20260305.0",
      "its name in EC2 says Fedora-Cloud-Base-AmazonEC2, which composes of Fedora updates do not build",
    ],
    [name.replace("43", "44"), cloud, "its name in EC2 says version 44, its compose says 43"],
    [name.replace("43", "Rawhide"), cloud, "its name in EC2 says version Rawhide, its compose says 43"],
    [name.replace("0305", "0306"), cloud, "its name in EC2 says date 20260306, its compose says 20260305"],
    [name.replace("0305.0", "0305.1"), cloud, "its name in EC2 says respin 1, its compose says 0"],
    [name.replace("0305.0", "0305"), cloud, "its name in EC2 says respin none, its compose says 0"],
    [name.replace("0305.0", "0305.n.0"), cloud, "its name in EC2 says type nightly, its compose says production"],
    [name.replace("0305.0", "0305.t.0"), cloud, "its name in EC2 says type test, its compose says production"],
    [name.replace("43-2", "43-Prerelease-2"), cloud, "its name in EC2 says type nightly, its compose says production"],
    [name.replace("43", "44"), branched, "its name in EC2 says type production, its compose says nightly"],
    [name, "Fedora-Cloud-43-20260230.0", /^compose id "Fedora-Cloud-43-20260230.0": /],
  ] as const;
  for (const [name, composeId, reason] of rows) t.match(nameMismatch(name, composeId, null), reason, name);
  t.end();
});

t.test("a name that differs from the announced one is refused, but for .n and fedimg's end", (t) => {
  const composeId = "Fedora-Rawhide-20260120.n.0";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20260120.0";
  const differs = (part: string): RegExp => new RegExp(`^its name in EC2 says ${part}, the announced name says `);
  const rows = [
    [name, null],
    [name.replace(".0", ".n.0"), null],
    [`${name.replace(".0", ".n.0")}-hvm-us-east-1-gp3-0`, null],
    [name.replace("x86_64", "aarch64"), differs("architecture x86_64")],
    [name.replace("-AmazonEC2", ""), differs("product Fedora-Cloud-Base-AmazonEC2")],
    [name.replace("Rawhide", "45-Prerelease"), differs("version Rawhide")],
    [name.replace("0120", "0119"), differs("date 20260120")],
    [name.replace("0120.0", "0120.1"), differs("respin 0")],
    [name.replace("0120.0", "0120.t.0"), differs("type nightly")],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6", "the name that was announced says 43-1.6"],
    ["another name", `the name that was announced, "another name", fits no form of Fedora's names`],
  ] as const;
  for (const [announced, reason] of rows) {
    const mismatch = nameMismatch(name, composeId, announced);
    if (reason === null) t.equal(mismatch, null, announced);
    else t.match(mismatch, reason, announced);
  }
  t.end();
});

t.test("a compose id that cannot be read is in no name", (t) => {
  for (const id of ["", "Fedora-24-20160314", "Fedora-24-20160230.n.0", "Fedora-24-20160314.constructor.0", ".*"])
    t.match(nameMismatch(`Fedora-Cloud-Base-${id}`, id, null), `compose id ${JSON.stringify(id)}: `, id);
  t.end();
});

t.test("the compose that a name is likeliest of is told, where the name says one", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0", "Fedora-Cloud-43-20260305.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-Prerelease-20250820.0", "Fedora-43-20250820.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-ELN-20250820.1", "Fedora-eln-20250820.n.1"],
    ["Fedora-Cloud-Base-25-20161220.0.x86_64-us-west-1-HVM-standard-0", "Fedora-Cloud-25-20161220.0"],
    ["Fedora-Atomic-28-20171215.n.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-Atomic-28-20171215.n.0"],
    ["Fedora-AtomicHost-29-20190820.0.x86_64", "Fedora-Atomic-29-20190820.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6", null],
    ["Fedora-Cloud-Base-22-20160218.x86_64-us-west-1-HVM-standard-0", null],
    ["Fedora-IoT-43-20260307.0.x86_64", null],
    ["copr-builder-x86_64-20250922.0", null],
  ] as const;
  for (const [name, compose] of rows) {
    t.equal(likeliestCompose(name), compose, name);
    if (compose !== null) t.equal(nameMismatch(name, compose, null), null, "and it is one of the name's composes");
  }
  t.end();
});
