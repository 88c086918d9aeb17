import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import t, { type Test } from "tap";
import { redisSchedule } from "../../src/adapters/redis/images/schedule.ts";
import { addMany, manyAmi } from "../../src/demo/bench/many.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { openBrowser } from "../support/program/browser.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { addNightly, PERIODS, REGION, UPLOADER } from "../support/world/world.ts";

const NO_BROWSER = "there is no Chromium here, or no font for it (Debian's packages chromium, fonts-dejavu-core)";
/** `npm run chaos` asks for more. */
const MANY = Number(process.env["CHAOS_IMAGES"] ?? 1_000);
const HOSTILE = `<b onclick=alert(1)>"'><img src=x onerror=alert(2)><script>alert(3)</script>`;
const PHONE = { viewport: { width: 360, height: 740 } };
const BOTH = "phone, dark";
/** Set to a folder, pictures of the pages are put there. */
const PICTURES = process.env["PICTURES"];

t.setTimeout(1_800_000);

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** Somebody with one kind of screen, who reads one page after the other; every message of the browser's console is one too many. */
async function openReader(test: Test, browser: Browser, as: BrowserContextOptions, how: string) {
  const context = await browser.newContext(as);
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => said.push(dialog.message()));
  /** Opens a page and looks for what a person would stumble over. */
  const look = async (address: string, what: string): Promise<void> => {
    const name = `${what}, ${how}`;
    const answer = await page.goto(address);
    test.equal(answer?.status(), 200, name);
    test.same(said.splice(0), [], `${name}: the console is silent`);
    const { width = 0 } = page.viewportSize() ?? {};
    const needed = await page.evaluate<number>("document.documentElement.scrollWidth");
    test.ok(needed <= width, `${name}: ${needed} of ${width} pixels`);
    test.equal(await page.locator("script, b, img, [onclick], [onerror]").count(), 0, `${name}: texts stay texts`);
    // Layout and colours were judged each by itself when both come together.
    if (as.javaScriptEnabled !== false && how !== BOTH) await findBarriers(test, page, name);
    if (PICTURES !== undefined)
      await page.screenshot({ path: `${PICTURES}/${name.replaceAll(/\W+/g, "-")}.png`, fullPage: true });
  };
  return { page, look, close: () => context.close() };
}

async function findBarriers(test: Test, page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>("axe.run()");
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  test.same(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`),
    [],
    `${name}: nobody is kept out`,
  );
}

/** Ten images: some private and told, one refused, one held by somebody hostile, two with hostile names. */
async function fill({ world }: Served): Promise<{ readonly amiId: string; readonly heldId: string }> {
  const nightlies = [1, 2, 3, 4, 5].flatMap((number) => [
    addNightly(world, number),
    addNightly(world, number, "eu-west-1"),
  ]);
  for (const { message } of nightlies.slice(0, 8)) await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + 1000);
  world.simulator.faults.add({
    kind: "error",
    code: "UnauthorizedOperation",
    action: "ModifyImageAttribute",
    resource: nightlies[4]?.amiId ?? "",
    times: 1,
  });
  await world.tick();
  await world.report();
  for (const { message } of nightlies.slice(8))
    await world.hear(UPLOADER, { ...message, image_name: HOSTILE + "x".repeat(150) });
  const [amiId = "", , heldId = ""] = nightlies.map((each) => each.amiId);
  const words = { verb: "hold", by: HOSTILE, why: HOSTILE, until: null, at: world.clock.now() } as const;
  await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId: heldId }], composeId: null });
  await carryOutOrders(world.clerk);
  await rememberHeard(world.connection, world.clock.now());
  return { amiId, heldId };
}

const AS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { ...PHONE, colorScheme: "light" },
  [BOTH]: { ...PHONE, colorScheme: "dark" },
  "no script": { javaScriptEnabled: false },
};

t.test("every page can be read by everybody: light, dark, on a phone, without a script", async (t) => {
  const browser = await openBrowser(t);
  if (browser === null) {
    t.plan(0, NO_BROWSER);
    return;
  }
  const [empty, full] = [await openServed(t), await openServed(t)];
  const { amiId, heldId } = await fill(full);
  t.match(await full.text(`/find?q=${heldId}`), "&lt;b onclick", "the hostile texts are there");
  for (const [how, as] of Object.entries(AS)) {
    const { look, close } = await openReader(t, browser, as, how);
    await look(`${empty.url}/`, "nothing known");
    await look(`${full.url}/`, "overview");
    await look(`${full.url}/find?q=${amiId}`, "a life");
    await look(`${full.url}/find?q=${heldId}`, "a held one");
    await look(`${full.url}/find?q=Fedora-Rawhide-20261121.n.0`, "a compose");
    await close();
  }
});

t.test(`with ${MANY} images the pages are as readable, and the newest is found`, async (t) => {
  const browser = await openBrowser(t);
  if (browser === null) {
    t.plan(0, NO_BROWSER);
    return;
  }
  const served = await openServed(t);
  const { clock, connection } = served.world;
  await addMany(redisSchedule(connection, clock, PERIODS), { from: 0, to: MANY, now: clock.now() });
  await rememberHeard(connection, clock.now());
  for (const how of ["light", BOTH, "no script"]) {
    const { page, look, close } = await openReader(t, browser, AS[how] ?? {}, how);
    await look(`${served.url}/`, "many");
    t.match(await page.textContent("table:has(th:text-is('all'))"), new RegExp(`all\\s*${MANY}\\s`));
    await page.fill("#q", `${MANY - 1} `);
    await page.press("#q", "Enter");
    await page.waitForURL(/\/find\?q=/);
    t.match(await page.textContent("h1"), manyAmi(MANY - 1), "the only one whose name has that number");
    await look(page.url(), "one of many");
    await look(`${served.url}/find?q=x86_64`, "a search among many");
    await close();
  }
});

t.test("search finds, and every link leads somewhere", async (t) => {
  const browser = await openBrowser(t);
  if (browser === null) {
    t.plan(0, NO_BROWSER);
    return;
  }
  const served = await openServed(t);
  const { amiId } = await fill(served);
  const page = await browser.newPage();
  await page.goto(served.url);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  t.match(page.url(), /#main$/, "the first stop of the keyboard leads past the head");
  await page.fill("#q", ` ${amiId.toUpperCase().replace("AMI", "ami")} `);
  await page.press("#q", "Enter");
  await page.waitForURL(/\/find\?q=/);
  t.match(await page.textContent("h1"), amiId);
  const seen = new Set<string>();
  const compose = `${served.url}/find?q=Fedora-Rawhide-20261121.n.0`;
  for (const address of [served.url, page.url(), compose, `${served.url}/find?q=x86_64`]) {
    await page.goto(address);
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('a[href], link[href]')].map((each) => each.href)",
    );
    for (const link of links) seen.add(link.split("#")[0] ?? "");
  }
  // Pagure's double is outside as well: what the pages lead to is there.
  for (const link of seen) t.equal((await fetch(link)).status, 200, link);
  t.ok(seen.size > 8);
});
