import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import t, { type Test } from "tap";
import { DAY_MS } from "../../src/domain/time.ts";
import { openBrowser } from "../support/program/browser.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis.ts";
import { addNightly, UPLOADER } from "../support/world/world.ts";

const NO_BROWSER = "skipped: there is no Chromium here (Debian's package chromium)";
const PHONE = { viewport: { width: 360, height: 740 } };
/** Set to a folder, pictures of the pages are put there. */
const PICTURES = process.env["PICTURES"];

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** Opens a page and looks for what a person would stumble over; every message of the browser's console is one too many. */
async function look(
  test: Test,
  browser: Browser,
  address: string,
  as: BrowserContextOptions,
  name: string,
): Promise<void> {
  const context = await browser.newContext(as);
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  const answer = await page.goto(address);
  test.equal(answer?.status(), 200, name);
  test.same(said, [], `${name}: the console is silent`);
  const { width = 0 } = page.viewportSize() ?? {};
  const needed = await page.evaluate<number>("document.documentElement.scrollWidth");
  test.ok(needed <= width, `${name}: ${needed} of ${width} pixels`);
  if (as.javaScriptEnabled !== false) await findBarriers(test, page, name);
  if (PICTURES !== undefined)
    await page.screenshot({ path: `${PICTURES}/${name.replaceAll(/\W+/g, "-")}.png`, fullPage: true });
  await context.close();
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

/** Ten images, some of them private and told, one refused, one with a hostile name. */
async function fill({ world }: Served): Promise<string> {
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
    await world.hear(UPLOADER, { ...message, image_name: `<b onclick=alert(1)>${"x".repeat(150)}` });
  await rememberHeard(world.connection, world.clock.now());
  return nightlies[0]?.amiId ?? "";
}

const AS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { ...PHONE, colorScheme: "light" },
  "phone, dark": { ...PHONE, colorScheme: "dark" },
  "no script": { javaScriptEnabled: false },
};

t.test("every page can be read by everybody: light, dark, on a phone, without a script", async (t) => {
  const browser = await openBrowser(t);
  if (browser === null) {
    t.comment(NO_BROWSER);
    return;
  }
  const [empty, full] = [await openServed(t), await openServed(t)];
  const amiId = await fill(full);
  for (const [how, as] of Object.entries(AS)) {
    await look(t, browser, `${empty.url}/`, as, `nothing known, ${how}`);
    for (const [what, path] of [
      ["overview", "/"],
      ["a life", `/find?q=${amiId}`],
      ["a compose", "/find?q=Fedora-Rawhide-20261121.n.0"],
    ] as const)
      await look(t, browser, full.url + path, as, `${what}, ${how}`);
  }
});

t.test("search finds, and every link leads somewhere", async (t) => {
  const browser = await openBrowser(t);
  if (browser === null) {
    t.comment(NO_BROWSER);
    return;
  }
  const served = await openServed(t);
  const amiId = await fill(served);
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
  for (const address of [served.url, page.url()]) {
    await page.goto(address);
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('a[href], link[href]')].map((each) => each.href)",
    );
    for (const link of links) if (link.startsWith(served.url)) seen.add(link.split("#")[0] ?? "");
  }
  for (const link of seen) t.equal((await fetch(link)).status, 200, link);
  t.ok(seen.size > 5);
});
