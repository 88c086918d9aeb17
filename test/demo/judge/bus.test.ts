import t from "tap";
import { busViolations } from "../../../src/demo/judge/bus.ts";
import type { BusMessage } from "../../../src/demo/judge/hearer.ts";

const [AMI, OTHER] = ["ami-00000000000000001", "ami-00000000000000002"] as const;
const POST = `## Made private (1)\n\n| region | AMI |\n| us-east-1 | \`${AMI}\` |\n\n## Due before 2026-12-01\n\n| us-east-1 | \`${OTHER}\` |`;

let messages = 0;

function message(kind: string, change: Partial<BusMessage> = {}): BusMessage {
  messages += 1;
  return { id: `${messages}`, kind, region: "us-east-1", amiId: AMI, event: `us-east-1/${messages}-0`, ...change };
}

t.test("the demo's judge sees what the bus was not told, told besides, in another order, or late", (t) => {
  const posts = [{ at: 0, text: POST }];
  const [soon, told] = [message("private_soon"), message("private")];
  const extra = message("held", { amiId: OTHER });
  const rows: readonly (readonly [string, readonly BusMessage[], readonly RegExp[]])[] = [
    ["as it should be", [soon, told], []],
    ["a repetition by the same id is one", [told, told], []],
    ["missing", [soon], [/private: 1 times in a report, 0 times on the bus$/]],
    ["twice", [told, message("private")], [/1 times in a report, 2 times on the bus$/]],
    ["told in no report", [told, extra], [/held: 0 times in a report, 1 times on the bus$/]],
    ["out of order", [message("private", { event: "us-east-1/999-1" }), extra], [/held: 0 times/, /out of order$/]],
    ["late", [told, message("private_soon")], [/private_soon: told late, or twice$/]],
  ];
  for (const [what, heard, says] of rows) {
    const found = busViolations(posts, heard);
    t.equal(found.length, says.length, what);
    for (const [index, form] of says.entries()) t.match(found[index], form, what);
  }
  t.end();
});
