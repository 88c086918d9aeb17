import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import { lineOf, replaceableIn, replacementAmong } from "../../../src/domain/image/replacement.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { COMPOSE, imageIn, NAME, NOW, TAKEN } from "../../support/world/image.ts";

const NEWER = "Fedora-Rawhide-20260209.n.0";
const named = (date: string): string => NAME.replace("20260122", date);
const STAYING = { now: NOW, soonMs: DAY_MS, isNewest: false };

/** Two days old, so public for three more. */
function newer(change: Partial<Image> = {}): Image {
  const privateAt = NOW + 3 * DAY_MS;
  return imageIn("public", { amiId: "ami-0b", composeId: NEWER, imageName: named("20260209"), privateAt, ...change });
}

function chosen(candidates: readonly Image[], change: Partial<typeof STAYING> = {}): string | null {
  const line = lineOf({ composeId: COMPOSE, imageName: NAME });
  if (line === null) throw new Error("the name says it");
  return replacementAmong(line, candidates, { ...STAYING, ...change })?.amiId ?? null;
}

t.test(
  "the image to go over to is newer, of the same kind, and everybody can use it for a while, without a doubt",
  (t) => {
    const older = { composeId: "Fedora-Rawhide-20260101.n.0", imageName: named("20260101") };
    const rows: readonly (readonly [string, Image, boolean])[] = [
      ["a newer one", newer(), true],
      ["one that is kept for good", newer({ stage: "kept", rule: "released-two-week" }), true],
      ["an older one", newer(older), false],
      ["one of the same compose", newer({ composeId: COMPOSE, imageName: NAME }), false],
      ["another architecture", newer({ imageName: named("20260209").replace("aarch64", "x86_64") }), false],
      ["another product", newer({ imageName: named("20260209").replace("AmazonEC2", "UEFI") }), false],
      [
        "another stream",
        newer({ composeId: "Fedora-eln-20260209.n.0", imageName: NAME.replace("Rawhide-20260122", "eln-20260209") }),
        false,
      ],
      ["one whose name nobody told", newer({ imageName: null }), false],
      ["one with the name of another compose", newer({ imageName: named("20260208") }), false],
      ["a release that is said to be of it", newer({ imageName: NAME.replace("20260122.0", "1.6") }), false],
      ["one that goes within a day", newer({ privateAt: NOW + DAY_MS }), false],
      ["one that should have gone", newer({ privateAt: NOW - DAY_MS }), false],
      ["a private one", newer({ stage: "private" }), false],
      ["one that is half private", newer({ takenAway: TAKEN }), false],
      ["one that was refused, or is not to be seen in EC2", newer({ lastError: "missing: " }), false],
      ["one that is kept for a person", newer({ stage: "kept", rule: "conflict" }), false],
      ["one of which nothing is known yet", newer({ stage: "unresolved" }), false],
      ["a held one", newer({ stage: "held" }), false],
      ["one that is to be held", newer({ hold: { by: "kevin", why: "x", since: NOW, until: null } }), false],
      ["a deleted one", newer({ stage: "deleted" }), false],
      ["one that is gone", newer({ stage: "gone" }), false],
    ];
    for (const [what, candidate, isOne] of rows) t.equal(chosen([candidate]), isOne ? "ami-0b" : null, what);
    t.equal(chosen([newer({ privateAt: NOW })], { isNewest: true }), "ami-0b", "the policy keeps it");
    t.equal(chosen([newer({ amiId: "ami-0c", takenAway: TAKEN }), newer()]), "ami-0b", "the first that is good");
    t.equal(chosen([]), null);
    t.end();
  },
);

t.test("what an image is one of is read from its name and its compose, and from nothing else", (t) => {
  t.match(lineOf({ composeId: COMPOSE, imageName: NAME }), {
    stream: "Fedora-Rawhide.nightly.aarch64",
    product: "Fedora-Cloud-Base-AmazonEC2",
  });
  for (const [composeId, imageName] of [
    [COMPOSE, ""],
    [COMPOSE, "x"],
    ["x", NAME],
    ["", ""],
  ] as const)
    t.equal(lineOf({ composeId, imageName }), null, `${composeId} ${imageName}`);
  t.end();
});

t.test("another image is wanted after what takes one from the public, by its name in EC2", (t) => {
  const event = {
    id: "1-0",
    region: "us-east-1",
    amiId: "ami-0a",
    composeId: COMPOSE,
    imageName: "announced",
    at: NOW,
  };
  const rest = { who: "ticker", why: "", details: { ec2_name: NAME } };
  for (const what of ["made-private", "found-again", "deleted"] as const)
    t.same(
      replaceableIn({ ...event, ...rest, what }),
      { region: "us-east-1", composeId: COMPOSE, imageName: NAME },
      what,
    );
  t.match(replaceableIn({ ...event, ...rest, what: "deleted", details: {} }), { imageName: "announced" });
  for (const what of ["held", "restored", "refused", "gone"] as const)
    t.equal(replaceableIn({ ...event, ...rest, what }), null, what);
  t.end();
});
