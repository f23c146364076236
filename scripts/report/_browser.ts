/** For tests: a page in a real browser without a network, where every request and complaint counts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Frame, Page } from "playwright-core";
import { PROJECT_FOLDER } from "../folders.ts";

/** Opens a file, checks it, and asserts that nothing else was asked for and nothing complained. */
export async function visit(
  browser: Browser,
  path: string,
  options: BrowserContextOptions,
  check: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  const complaints: string[] = [];
  try {
    await context.setOffline(true);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.route("**/*", (route) => {
      const url = route.request().url();
      if (url === pathToFileURL(path).href) return route.continue();
      complaints.push(`request of ${url.slice(0, 80)}`);
      return route.abort();
    });
    await page.goto(pathToFileURL(path).href);
    await check(page);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** What axe-core finds of serious or critical impact: rule, and the first places. */
export async function accessibilityFindings(page: Page | Frame): Promise<string[]> {
  await page.evaluate(readFileSync(join(PROJECT_FOLDER, "node_modules", "axe-core", "axe.min.js"), "utf8"));
  return await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) =>
      id + ": " + nodes.slice(0, 4).map(({ target, any }) => target.join(" ") + " " + (any[0]?.message ?? "")).join("; ")))`);
}
