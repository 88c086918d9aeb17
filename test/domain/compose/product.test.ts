import t from "tap";
import { parseComposeId } from "../../../src/domain/compose/compose.ts";
import { productOf } from "../../../src/domain/compose/product.ts";

t.test("AMIs are known of Fedora's own composes, and of none that stands on another product", (t) => {
  const rows = [
    ["Fedora-Rawhide-20260122.n.0", "Fedora"],
    ["Fedora-Cloud-43-20260122.0", "Fedora-Cloud"],
    ["Fedora-29-updates-20190820.0", "Fedora"],
    ["Fedora-29-updates-testing-20190820.0", null],
    ["Fedora-Atomic-28-20180515.1", "Fedora-Atomic"],
    ["Fedora-Cloud-43-RHEL-9-20260122.0", null],
    ["Fedora-IoT-43-20260122.0", null],
  ] as const;
  for (const [composeId, short] of rows) {
    const id = parseComposeId(composeId);
    t.equal(id.ok && (productOf(id.value)?.short ?? null), short, composeId);
  }
  t.end();
});
