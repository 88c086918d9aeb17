import fc from "fast-check";
import t from "tap";
import { parseAmiName, type AmiName } from "../../../src/domain/image/name.ts";
import { holds } from "../../support/random/property.ts";

/**
 * Names of AMIs, and of the files they were made of, as public tools, tickets and Terraform files have quoted them: what the
 * name is, then product, architecture, version, milestone, stamp and spelling, each read by hand.
 */
const REAL = `
Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20260120.0                       Fedora-Cloud-Base-AmazonEC2 aarch64 Rawhide -          20260120.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20250820.0                        Fedora-Cloud-Base-AmazonEC2 x86_64  Rawhide -          20250820.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-ELN-20250820.0                            Fedora-Cloud-Base-AmazonEC2 x86_64  eln     -          20250820.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-43-Prerelease-20250820.0                  Fedora-Cloud-Base-AmazonEC2 x86_64  43      Prerelease 20250820.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-43-Prerelease-20250820.n.0                Fedora-Cloud-Base-AmazonEC2 x86_64  43      Prerelease 20250820.n.0  uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-41-Prerelease-1.2                         Fedora-Cloud-Base-AmazonEC2 x86_64  41      Prerelease 1.2           uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0                             Fedora-Cloud-Base-AmazonEC2 x86_64  43      -          20260305.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260226.0                             Fedora-Cloud-Base-AmazonEC2 x86_64  43      -          20260226.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-44-20260922.0                             Fedora-Cloud-Base-AmazonEC2 x86_64  44      -          20260922.0    uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-42-1.1                                    Fedora-Cloud-Base-AmazonEC2 x86_64  42      -          1.1           uploader
Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6                                    Fedora-Cloud-Base-AmazonEC2 x86_64  43      -          1.6           uploader
Fedora-Cloud-Base-AmazonEC2-41-1.4.aarch64                                   Fedora-Cloud-Base-AmazonEC2 aarch64 41      -          1.4           file
Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20240329.n.1-hvm-us-west-2-gp3-0  Fedora-Cloud-Base-AmazonEC2 x86_64  Rawhide -          20240329.n.1  fedimg-2024
Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20240331.n.0-hvm-ap-south-1-gp3-0 Fedora-Cloud-Base-AmazonEC2 aarch64 Rawhide -         20240331.n.0  fedimg-2024
Fedora-Cloud-Base-AmazonEC2.x86_64-40-1.14-hvm-us-east-1-gp3-0               Fedora-Cloud-Base-AmazonEC2 x86_64  40      -          1.14          fedimg-2024
Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0                          Fedora-Cloud-Base           x86_64  39      -          1.5           fedimg
Fedora-Cloud-Base-Rawhide-20230503.n.0.aarch64-hvm-us-east-1-standard-0      Fedora-Cloud-Base           aarch64 Rawhide -          20230503.n.0  fedimg
Fedora-Cloud-Base-Rawhide-20230504.n.0.x86_64-hvm-us-east-1-gp3-0            Fedora-Cloud-Base           x86_64  Rawhide -          20230504.n.0  fedimg
Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0                   Fedora-Cloud-Base           x86_64  36      -          20221013.0    fedimg
Fedora-Cloud-Base-30-20190525.0.x86_64-hvm-eu-central-1-standard-0           Fedora-Cloud-Base           x86_64  30      -          20190525.0    fedimg
Fedora-Cloud-Base-29-1.2.x86_64-hvm-eu-west-3-standard-0                     Fedora-Cloud-Base           x86_64  29      -          1.2           fedimg
Fedora-Cloud-Base-28-20180930.0.x86_64-hvm-us-east-1-gp2-0                   Fedora-Cloud-Base           x86_64  28      -          20180930.0    fedimg
Fedora-Cloud-Base-27-20180317.0.x86_64                                       Fedora-Cloud-Base           x86_64  27      -          20180317.0    file
Fedora-AtomicHost-28_Beta-1.1.x86_64                                         Fedora-AtomicHost           x86_64  28      Beta       1.1           file
Fedora-AtomicHost-29-20191126.0.x86_64                                       Fedora-AtomicHost           x86_64  29      -          20191126.0    file
Fedora-Atomic-27-20180419.0.x86_64-hvm-us-east-1-gp2-0                       Fedora-Atomic               x86_64  27      -          20180419.0    fedimg
Fedora-Atomic-26-1.5.x86_64-hvm-us-east-1-gp2-0                              Fedora-Atomic               x86_64  26      -          1.5           fedimg
Fedora-Atomic-24-20161031.0.x86_64                                           Fedora-Atomic               x86_64  24      -          20161031.0    file
Fedora-Cloud-Base-27-1.6.x86_64-us-west-2-HVM-gp2-0                          Fedora-Cloud-Base           x86_64  27      -          1.6           fedimg-2016
Fedora-Cloud-Base-25-20171018.0.x86_64-us-west-2-PV-standard-0               Fedora-Cloud-Base           x86_64  25      -          20171018.0    fedimg-2016
Fedora-Cloud-Base-25-20161220.0.x86_64-us-west-1-HVM-standard-0              Fedora-Cloud-Base           x86_64  25      -          20161220.0    fedimg-2016
Fedora-Cloud-Base-24-20160823.0.x86_64-eu-central-1-HVM-standard-0           Fedora-Cloud-Base           x86_64  24      -          20160823.0    fedimg-2016
Fedora-Cloud-Base-24-20160507.n.0.x86_64-us-west-1-HVM-standard-0            Fedora-Cloud-Base           x86_64  24      -          20160507.n.0  fedimg-2016
Fedora-Cloud-Base-Rawhide-20160427.n.0.x86_64-us-west-1-HVM-standard-0       Fedora-Cloud-Base           x86_64  Rawhide -          20160427.n.0  fedimg-2016
Fedora-Cloud-Base-Rawhide-20160321.0.x86_64-eu-central-1-HVM-standard-0      Fedora-Cloud-Base           x86_64  Rawhide -          20160321.0    fedimg-2016
Fedora-Cloud-Base-22-20160218.x86_64-us-west-1-HVM-standard-0                Fedora-Cloud-Base           x86_64  22      -          20160218      fedimg-2016
Fedora-Cloud-Atomic-23-20160127.2.x86_64                                     Fedora-Cloud-Atomic         x86_64  23      -          20160127.2    file
Fedora-Cloud-Atomic-22_Beta_TC1-20150310.x86_64                              Fedora-Cloud-Atomic         x86_64  22      Beta_TC1   20150310      file
Fedora-Docker-Base-24-1.2.x86_64                                             Fedora-Docker-Base          x86_64  24      -          1.2           file
Fedora-IoT-43-20260307.0.x86_64                                              Fedora-IoT                  x86_64  43      -          20260307.0    file
`;

/** Names that stand beside Fedora's in its account, or look like them. */
const FOREIGN = [
  "CentOS-Stream-9-20250604.1.x86_64-aba856bc-78bf-441c-b25c-980bec33a53f",
  "CentOS Stream 9 x86_64 20250604",
  "CentOS-Stream-ec2-9-20250804.0.x86_64",
  "fedora-coreos-41.20241109.3.0-x86_64",
  "fedora-coreos-40.20240329.10.0-aarch64",
  "copr-builder-x86_64-20250922.0",
  "copr-builder-x86_64-f41-20250922_081512",
  "copr-builder-image-x86_64-bootc",
  " (SupportedImages) - Fedora-Cloud-Base-AmazonEC2.x86_64-42-1.1 - abc",
  "Fedora-Cloud-42.20250825.0 (x86_64) for HVM Instances",
  "Fedora-Cloud-Base-AmazonEC2-41-1.4-x86_64",
  "fedora-40-x86_64",
  "Fedora-Cloud-Base-20141203-21.x86_64",
  "Fedora-x86_64-20-20131211.1-sda",
  "fedora-cloud-base-rawhide-20140604.x86_64",
  "AlmaLinux OS 9.4.20240805 x86_64",
];

function said({ product, arch, version, milestone, stamp, spelling }: AmiName): readonly string[] {
  const letter = stamp.kind === "dated" && stamp.type === "nightly" ? ".n" : "";
  const respin = stamp.kind === "dated" && stamp.respin !== null ? `.${stamp.respin}` : "";
  const text = stamp.kind === "release" ? stamp.number : `${stamp.date}${letter}${respin}`;
  return [product, arch, version, milestone ?? "-", text, spelling];
}

t.test("real names of every era are read into their parts", (t) => {
  const rows = REAL.trim().split("\n");
  for (const row of rows) {
    const [name = "", ...parts] = row.split(/ +/);
    const parsed = parseAmiName(name);
    t.same(parsed === null ? null : said(parsed), parts, name);
  }
  t.equal(new Set(rows.map((row) => row.split(/ +/).at(-1))).size, 5, "no spelling is left out");
  t.end();
});

t.test("other names in Fedora's account, and what is like a name of its, fit no form", (t) => {
  for (const name of FOREIGN) t.equal(parseAmiName(name), null, name);
  t.end();
});

t.test("a name is read as a whole: nothing may stand before, behind or between its parts", (t) => {
  const name = "Fedora-Cloud-Base-27-20180317.0.x86_64-hvm-us-east-1-gp2-0";
  t.not(parseAmiName(name), null);
  const spoilt = [
    ...[` ${name}`, `${name} `, `${name}\n`, `x${name}`, `${name}-0`, `${name}.x86_64`, name.replace("-hvm", ".hvm")],
    ...[
      name.replace("27-", "27--"),
      name.replace("27-", "27-1-"),
      name.replace("27-", "027-"),
      name.replace("27", "twenty"),
    ],
    ...[name.replace(".0.x", ".00.x"), name.replace(".0.x", ".0.5.x"), name.replace(".0.x", ".1000000.x")],
    ...[
      name.replace("2018", "12018"),
      name.replace("0317", "0230"),
      name.replace("0317", "031"),
      name.replace(".0.x", "x0.x"),
    ],
    ...[
      name.replace(".0.x", ".b.0.x"),
      name.replace(".x86_64", ""),
      name.replace("x86_64", "vax"),
      name.replace("gp2", "gp9"),
    ],
    ...[name.replace("us-east-1", "us-1"), name.replace("hvm", "HVM"), name.replace("Base-", "Base.x86_64-")],
    ...[name.replace("27", "Rawhide-Prerelease"), name.replace("27", "rawhide"), name.replace("Fedora", "fedora"), ""],
  ];
  for (const each of spoilt) t.equal(parseAmiName(each), null, each);
  t.end();
});

t.test("any string of any length is read or refused", (t) => {
  const piece = fc.constantFrom(
    ...["Fedora", "-Cloud", "-Base", "-AmazonEC2", ".x86_64", "-Rawhide", "-43", "-Prerelease", "_Beta", "-20260305"],
    ...[".n", ".0", "-1.2", "-hvm", "-us-east-1", "-gp3-0", "-", "."],
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
  );
  holds(
    t,
    fc.property(text, (name) => parseAmiName(name) === null || name.length <= 128),
    { numRuns: 3_000 },
  );
  for (const unit of ["x", "-", "Fedora-", "-a", ".x86_64", "1", "-1", "é"])
    t.equal(parseAmiName(`Fedora-Cloud-Base${unit.repeat(5_000_000)}`), null, "a name of megabytes is not even read");
  t.end();
});
