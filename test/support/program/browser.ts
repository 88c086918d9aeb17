import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Test } from "tap";
import type { Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Starts the Chromium that this machine has, without a window, until the test ends; null: it has none. */
export async function openBrowser(test: Test): Promise<Browser | null> {
  const path = browserPath();
  if (path === null) return null;
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
  test.teardown(() => browser.close());
  return browser;
}

function browserPath(): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // It may be called otherwise, or be in another folder.
        continue;
      }
    }
  return null;
}
