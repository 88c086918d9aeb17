import t from "tap";
import { alike } from "../../src/doctor/alike.ts";
import { failure, ok, warning } from "../../src/doctor/finding.ts";

t.test("regions of which the same is found are one line, and one that differs has its own", (t) => {
  const regions = ["eu-west-1", "us-east-1", "us-gov-west-1"];
  const found = regions.flatMap((region, index) => [
    region === "us-east-1"
      ? failure(`ec2 ${region} permissions`, "missing ec2:CreateTags", "allow them")
      : ok(`ec2 ${region} permissions`, "all 13 allowed"),
    ok(`ec2 ${region} block public access`, "off"),
    ok(`ec2 ${region} public images`, `${index * 7}; the quota is not read`),
  ]);
  const account = warning("ec2 account", "another one");
  t.same(
    alike([account, ...found]).map(({ check, state, message }) => `${state} ${check}: ${message}`),
    [
      "warning ec2 account: another one",
      "ok ec2 eu-west-1, us-gov-west-1 permissions: all 13 allowed",
      "ok ec2 all 3 regions block public access: off",
      "ok ec2 all 3 regions public images: 0 to 14, the most in us-gov-west-1; the quota is not read",
      "failure ec2 us-east-1 permissions: missing ec2:CreateTags",
    ],
  );
  t.same(alike(found.slice(0, 3)), found.slice(0, 3), "a region alone is told as it is");
  t.same(alike([]), []);
  t.end();
});
