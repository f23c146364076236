/** The explorer as a notebook's output shows it, in a real browser without a network. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { sampleCurves } from "../lib/_chart_samples.ts";
import type { ExplorerData } from "../lib/explorer/data.ts";
import { explorer } from "../lib/explorer/prepare.ts";
import { readCurves } from "../lib/rd_files.ts";
import { projectPath } from "../lib/root.ts";
import { bundleOf } from "../lib/show.ts";
import { accessibilityFindings, visit } from "./report/_browser.ts";
import { checkExplorer } from "./report/_explorer_checks.ts";
import { CHROMIUM, withBrowser } from "./report/browser.ts";

const noBrowser = CHROMIUM === undefined;
if (noBrowser) console.warn("explorer_frame_test: skipped, there is no Chromium; RD_CHROMIUM may name one");

const FRAME = "iframe.rd-explorer-frame";
const HOSTILE = `</script><script>top.document.title = "owned"</script>"'><img src=x onerror="alert(1)">`;

const MEASURED = explorer(readCurves(projectPath("data", "curves", "resnet32.json")));

function hostile(): ExplorerData {
  const curves = sampleCurves();
  const layers = curves.layers.map((layer, i) => ({ ...layer, name: `${HOSTILE} ${i}` }));
  return explorer({ ...curves, format: "rd-curves/1", layers, model: HOSTILE, provenance: {} } as never);
}

/** Opens a page that holds the output alone, as JupyterLab does: the HTML as it is. */
async function open(
  data: ExplorerData,
  check: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rd-frame-test-"));
  const path = join(folder, "output.html");
  const html = bundleOf(data)["text/html"];
  writeFileSync(
    path,
    `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>notebook</title><main>${html}</main>`,
  );
  try {
    await withBrowser((browser) => visit(browser, path, options, check));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test({
  name:
    "a notebook's explorer answers the keyboard in its frame, which fits, asks for nothing and hides the still figure",
  ignore: noBrowser,
  async fn() {
    await open(MEASURED, async (page) => {
      const frame = page.frameLocator(FRAME);
      await checkExplorer(page, frame);
      assert.equal(await page.locator(".rd-explorer-still").isVisible(), false);
      const inside = page.frames()[1];
      const [content, room] = await inside.evaluate(
        "[document.documentElement.scrollHeight, innerHeight]",
      ) as number[];
      assert.ok(content <= room, `the explorer is ${content} high in a frame of ${room}`);
    }, { viewport: { width: 900, height: 1000 } });
  },
});

Deno.test({
  name: "a notebook's explorer shows hostile names as text, and its frame can reach nothing around it",
  ignore: noBrowser,
  async fn() {
    await open(hostile(), async (page) => {
      const live = page.frameLocator(FRAME).locator(".rd-explorer-live");
      await live.locator("summary").click();
      assert.equal(await live.locator(".rd-explorer-rules tbody th").first().textContent(), `${HOSTILE} 0`);
      assert.equal(await live.locator("img, script").count(), 0);
      assert.equal(await page.locator("main img, main script").count(), 0);
      assert.equal(await page.title(), "notebook");
      const reach = await page.frames()[1].evaluate(
        "(() => { try { return top.document.title } catch (e) { return e.name } })()",
      );
      assert.equal(reach, "SecurityError");
    });
  },
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test({
    name: `a notebook's explorer has no serious finding of axe-core, ${colorScheme}`,
    ignore: noBrowser,
    fn: () =>
      open(MEASURED, async (page) => {
        await page.frameLocator(FRAME).locator(".rd-explorer-live").waitFor();
        assert.deepEqual(await accessibilityFindings(page.frames()[1]), []);
      }, { colorScheme }),
  });
}

Deno.test({
  name:
    "a notebook's explorer is its still figure where frames are taken out, as in a notebook that is not trusted",
  ignore: noBrowser,
  async fn() {
    await open(MEASURED, async (page) => {
      await page.locator(FRAME).evaluate((frame: { remove(): void }) => frame.remove());
      assert.equal(await page.locator(".rd-explorer-still svg.rd-static").isVisible(), true);
    });
  },
});
