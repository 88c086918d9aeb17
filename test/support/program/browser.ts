import { execFileSync } from "node:child_process";
import type { Test } from "tap";
import type { Browser } from "playwright-core";
import { onPath } from "./on-path.ts";

/** Starts the Chromium that this machine has, without a window, until the test ends; null: it has none, or no font for it. */
export async function openBrowser(test: Test): Promise<Browser | null> {
  const path = onPath("chromium", "chromium-browser", "google-chrome");
  if (path === null || !hasFonts()) return null;
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
  test.teardown(() => browser.close());
  return browser;
}

/** Without any font Chromium ends at its first page. */
function hasFonts(): boolean {
  const list = onPath("fc-list");
  return list === null || execFileSync(list, [], { encoding: "utf8" }).trim() !== "";
}
