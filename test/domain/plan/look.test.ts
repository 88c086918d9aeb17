import t from "tap";
import { formatComposeId, parseComposeId } from "../../../src/domain/compose/compose.ts";
import { nameMismatch } from "../../../src/domain/plan/name.ts";
import { REAL_COMPOSES } from "../../fixtures/composes.ts";

const GA_NAMES = [
  "Fedora-Cloud-Base-28-1.1.x86_64-hvm-us-east-1-gp2-0",
  "Fedora-Atomic-26-1.5.x86_64-hvm-us-east-1-gp2-0",
  "Fedora-Cloud-Base-AmazonEC2.aarch64-40-1.14-hvm-us-east-1-gp3-0",
  "Fedora-Cloud-Base-AmazonEC2.aarch64-42-1.1",
  "Fedora-Cloud-Base-32-1.2.x86_64-hvm-us-east-1-standard-0",
];
const BETA_NAMES = [
  "Fedora-Cloud-Base-AmazonEC2.x86_64-41-Prerelease-1.2",
  "Fedora-Cloud-Base-32_Beta-1.2.x86_64-hvm-us-east-1-gp2-0",
];

t.test("an image with its compose's own date, type and respin in its name may be acted on", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-Cloud-36-20221013.0"],
    ["Fedora-Cloud-Base-27-20180317.0.x86_64-hvm-ap-northeast-1-standard-12", "Fedora-Cloud-27-20180317.0"],
    ["Fedora-Cloud-Base-Rawhide-20230504.n.0.aarch64-hvm-us-east-1-gp3-0", "Fedora-Rawhide-20230504.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20240331.n.0-hvm-us-east-1-gp3-0", "Fedora-Rawhide-20240331.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0", "Fedora-Cloud-43-20260305.0"],
    ["Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20260122.n.0", "Fedora-Rawhide-20260122.n.0"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-eln-20240830.n.7", "Fedora-eln-20240830.n.7"],
    ["Fedora-Atomic-27-20180507.0.x86_64-hvm-eu-west-2-gp2-0", "Fedora-Atomic-27-20180507.0"],
  ] as const;
  for (const [name, composeId] of rows) t.equal(nameMismatch(name, composeId), null, name);
  t.end();
});

t.test("a released image or a Beta is refused, whichever compose a message gave it", (t) => {
  for (const name of [...GA_NAMES, ...BETA_NAMES]) {
    const reached = REAL_COMPOSES.filter(({ id }) => nameMismatch(name, id) === null);
    t.same(reached, [], name);
  }
  t.end();
});

t.test("a release's X.Y or Prerelease next to the right date is refused as well", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-42-1.1-20260122.n.0", "contains 1.1, as a release's does"],
    ["Fedora-Cloud-Base-20260122.n.0-42-1.14", "contains 1.14, as a release's does"],
    ["Fedora-Cloud-Base-41-Prerelease-20260122.n.0", "says Prerelease"],
    ["Fedora-Cloud-Base-41-20260122.n.0-PRERELEASE-1", "says Prerelease"],
    ["Fedora-20260122.n.0-20260122.0", "contains 20260122.0, as a release's does"],
  ] as const;
  for (const [name, reason] of rows)
    t.match(nameMismatch(name, "Fedora-Rawhide-20260122.n.0"), `its name in EC2 ${reason}`, name);
  t.end();
});

t.test("a name with another date, type or respin is refused, and so is a stamp inside a longer number", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-27-20180318.0.x86_64", "another date"],
    ["Fedora-Cloud-Base-27-20180317.1.x86_64", "another respin"],
    ["Fedora-Cloud-Base-27-20180317.n.0.x86_64", "another type"],
    ["Fedora-Cloud-Base-27-20180317.t.0.x86_64", "another type"],
    ["Fedora-Cloud-Base-27-20180317.01.x86_64", "a longer respin"],
    ["Fedora-Cloud-Base-27-20180317.0.5.x86_64", "one more number behind"],
    ["Fedora-Cloud-Base-27-120180317.0.x86_64", "a digit in front"],
    ["Fedora-Cloud-Base-27-1.20180317.0.x86_64", "a number in front"],
    ["Fedora-Cloud-Base-27-20180317x0.x86_64", "no dot"],
    ["Fedora-Cloud-Base-27-20180317", "no respin"],
    ["", "no name at all"],
  ] as const;
  for (const [name, what] of rows)
    t.equal(
      nameMismatch(name, "Fedora-Cloud-27-20180317.0"),
      "its name in EC2 does not contain 20180317.0 of its compose",
      `${what}: ${name}`,
    );
  t.match(
    nameMismatch("Fedora-Cloud-Base-27-20180317.0.x86_64", "Fedora-27-20180317.n.0"),
    "does not contain 20180317.n.0",
  );
  t.end();
});

t.test("a compose id that cannot be read is in no name", (t) => {
  for (const id of ["", "Fedora-24-20160314", "Fedora-24-20160230.n.0", "Fedora-24-20160314.constructor.0", ".*"])
    t.match(nameMismatch(`Fedora-Cloud-Base-${id}`, id), `compose id ${JSON.stringify(id)}: `, id);
  t.end();
});

t.test("every real compose's own name passes the guard, and no other compose's of another stamp does", (t) => {
  const good = REAL_COMPOSES.flatMap(({ id }) => {
    const parsed = parseComposeId(id);
    return parsed.ok ? [{ id, stamp: id.slice(formatComposeId(parsed.value).search(/\d{8}/)) }] : [];
  });
  for (const { id, stamp } of good) {
    const nameOf = (other: string) => `Fedora-Cloud-Base-AmazonEC2.x86_64-43-${other}`;
    const passing = good.filter((other) => nameMismatch(nameOf(other.stamp), id) === null);
    t.same(
      passing,
      good.filter((other) => other.stamp === stamp),
      id,
    );
  }
  t.end();
});
