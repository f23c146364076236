/** The report in a real browser without a network, and the command's failures. Needs the Python environment. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { BrowserContextOptions, Page } from "playwright-core";
import { failingFiles } from "../lib/_failing_files.ts";
import { paperClaims } from "../lib/notebook/claims.ts";
import { writeNotebook } from "./_write_notebook.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { accessibilityFindings, visit } from "./report/_browser.ts";
import {
  checkExplorer,
  checkExplorerPrinted,
  checkExplorerRules,
  checkExplorerStill,
} from "./report/_explorer_checks.ts";
import { CHROMIUM, withBrowser } from "./report/browser.ts";
import { executeNotebook } from "./report/execute.ts";
import { readNotebook } from "./report/notebook.ts";
import { writeReport } from "./report/write_report.ts";

const FIXTURE = join(PROJECT_FOLDER, "scripts", "report", "_fixture.ipynb");
const PYTHON = join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin", "python");
const FIGURES = 4;

const noPython = !existsSync(PYTHON);
const noBrowser = noPython || CHROMIUM === undefined;
if (noPython) console.warn(`report_test: skipped, there is no ${PYTHON}; run: deno task setup`);
else if (noBrowser) {
  console.warn("report_test: browser tests skipped, there is no Chromium; RD_CHROMIUM may name one");
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command as a user does. */
function report(...args: string[]): Promise<Result> {
  const command = ["run", "-A", join(PROJECT_FOLDER, "scripts", "report.ts"), ...args];
  return new Promise((resolve) => {
    execFile(
      Deno.execPath(),
      command,
      { env: { ...process.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rd-report-test-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test({
  name: "report writes pages that draw every figure, without request, error, or a label that breaks out",
  ignore: noBrowser,
  async fn(test) {
    await inFolder(async (folder) => {
      const second = join(folder, "second.ipynb");
      writeNotebook(second, "1 + 1;");
      const { code, stdout, stderr } = await report(FIXTURE, second, "--out", folder);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /_fixture\.ipynb cell 1\/8, \d+\.\d s\n/);
      const [path, ...others] = stdout.trim().split("\n");
      assert.equal(path, join(folder, "_fixture.html"));
      assert.deepEqual(others, [join(folder, "second.html"), join(folder, "index.html")]);
      const html = readFileSync(path, "utf8");
      assert.ok(html.length < 6e6, `${html.length} bytes`);
      assert.equal(html.split("plotly.js v3").length - 1, 1, "plotly.js stands in the page once");
      await inBrowser(path, others[1], test);
    });
  },
  sanitizeResources: false,
  sanitizeOps: false,
});

async function inBrowser(path: string, index: string, test: Deno.TestContext): Promise<void> {
  await withBrowser(async (browser) => {
    const step = (
      name: string,
      options: BrowserContextOptions,
      check: (page: Page) => Promise<void>,
      file = path,
    ) =>
      test.step(name, () =>
        visit(browser, file, options, async (page) => {
          await check(page);
          assert.doesNotMatch(await page.title(), /owned/);
          assert.equal(await page.locator("main img").count(), 0, "no label became an element");
        }));
    const narrow = { viewport: { width: 390, height: 800 } };
    for (const colorScheme of ["light", "dark"] as const) {
      await step(`drawn by plotly, ${colorScheme}`, { colorScheme }, checkDrawn);
      await step(`accessible, ${colorScheme}`, { colorScheme }, checkAccessible);
      await step(`index accessible, ${colorScheme}`, { colorScheme }, checkAccessible, index);
    }
    await step("drawn within a phone's width", narrow, checkNarrow);
    await step("index within a phone's width", narrow, checkWidth, index);
    await step("drawn statically without scripts", { javaScriptEnabled: false }, checkStatic);
    await step("printed with static drawings", {}, checkPrinted);
    await step("explorer answers the keyboard", {}, checkExplorer);
    await step("explorer keeps rules", {}, checkExplorerRules);
    await step("explorer printed", {}, checkExplorerPrinted);
    await step("contents mark the section that is read", {}, checkContents);
    await step("index holds the ledger", {}, checkIndex, index);
  });
}

async function checkDrawn(page: Page): Promise<void> {
  const began = performance.now();
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  const loaded = await page.evaluate("performance.getEntriesByType('navigation')[0].duration") as number;
  const drawn = performance.now() - began;
  console.log(
    `the page loaded in ${loaded.toFixed(0)} ms, the last figure followed ${drawn.toFixed(0)} ms later`,
  );
  assert.equal(await page.title(), "A report shows every figure without a network");
  assert.equal(await page.locator("[data-drawn] .rd-plot .main-svg").first().isVisible(), true);
  assert.equal(await page.locator(".rd-plot .plot-container").count(), FIGURES);
  assert.equal(await page.locator(".rd-figure svg.rd-static:visible").count(), 0);
  assert.equal(await page.locator(".rd-explorer-drawing > svg:visible").count(), 2);
  assert.equal(await page.locator("iframe").count(), 0, "the notebook's frame stays in the notebook");
  assert.equal(await page.locator("math").count(), 4);
  const fold = page.locator("#rd-fold");
  await fold.focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".rd-code[open]").count(), 0);
  assert.equal(await fold.textContent(), "Show code");
}

async function checkNarrow(page: Page): Promise<void> {
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  await checkWidth(page);
}

async function checkWidth(page: Page): Promise<void> {
  const { wide, screen } = await page.evaluate(
    "({ wide: document.documentElement.scrollWidth, screen: innerWidth })",
  ) as {
    wide: number;
    screen: number;
  };
  assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`);
}

async function checkContents(page: Page): Promise<void> {
  const name = { hasText: "100 % ·" }; // signs that an address writes otherwise
  await page.locator(".rd-contents a", name).click();
  await page.locator('.rd-contents a[aria-current="true"]', name).waitFor();
}

async function checkStatic(page: Page): Promise<void> {
  assert.equal(await page.locator("[data-figure] svg.rd-static:visible").count(), FIGURES);
  assert.equal(await page.locator(".rd-plot").count(), 0);
  await checkExplorerStill(page);
}

async function checkPrinted(page: Page): Promise<void> {
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("[data-figure] svg.rd-static:visible").count(), FIGURES);
  assert.equal(await page.locator(".rd-plot:visible").count(), 0);
}

async function checkAccessible(page: Page): Promise<void> {
  await page.waitForLoadState();
  for (const summary of await page.locator("summary:visible").all()) await summary.click();
  assert.deepEqual(await accessibilityFindings(page), []);
}

/** All claims of the paper, those judged with their word, and links to both reports. */
async function checkIndex(page: Page): Promise<void> {
  assert.equal(await page.locator(".rd-ledger tbody tr").count(), paperClaims().length);
  const verdict = (id: string) => page.locator(`#claim-${id} .rd-verdict`).innerText();
  assert.equal(await verdict("additivity"), "Held in part");
  assert.equal(await verdict("optimal"), "Held");
  assert.equal(await verdict("seconds"), "Did not hold");
  assert.equal(await verdict("one-shot"), "Not tested");
  assert.equal(await page.locator("#claim-optimal a").getAttribute("href"), "_fixture.html");
  assert.equal(await page.locator(".rd-notebooks a").count(), 2);
}

Deno.test({
  name: "report names notebook, cell and error of a cell that fails, and leaves the older report",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const notebook = join(folder, "broken.ipynb");
      writeNotebook(notebook, "const a = 1;", 'throw new RangeError("no such layer: conv9");', "a;");
      const out = join(folder, "out");
      mkdirSync(out);
      writeFileSync(join(out, "broken.html"), "older");
      const { code, stdout, stderr } = await report(notebook, "--out", out);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /report: Cannot run .*broken\.ipynb: cell 2 of 3 failed: RangeError: no such layer: conv9\n$/,
      );
      assert.equal(readFileSync(join(out, "broken.html"), "utf8"), "older");
      assert.deepEqual(readdirSync(out), ["broken.html"]);
    });
  },
});

Deno.test({
  name: "report names the cell that runs too long",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const notebook = join(folder, "slow.ipynb");
      writeNotebook(notebook, "await new Promise((resolve) => setTimeout(resolve, 60_000));");
      const { code, stderr } = await report(notebook, "--out", folder, "--timeout", "1");
      assert.equal(code, 1);
      assert.match(stderr, /cell 1 of 1 failed: timeout: the cell ran longer than 1 s\n$/);
    });
  },
});

Deno.test({
  name: "report tells why a kernel does not start, and what a cell's own child printed is no event",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const kernel = join(folder, "kernels", "broken");
      mkdirSync(kernel, { recursive: true });
      const argv = ["/bin/sh", "-c", "echo broken: Cannot start: the real reason >&2; exit 1"];
      writeFileSync(join(kernel, "kernel.json"), JSON.stringify({ argv, display_name: "b", language: "b" }));
      const notebook = join(folder, "any.ipynb");
      writeNotebook(notebook, "1;");
      const env = { JUPYTER_PATH: folder };
      await assert.rejects(executeNotebook(notebook, { kernel: "broken", env }), {
        name: "RangeError",
        message: /: Jupyter must start its kernel and keep the outputs, it says: broken: .* the real reason$/,
      });

      const script = `import { spawnSync } from "node:child_process";
spawnSync("echo", ["hello"], { stdio: "inherit" });`;
      writeNotebook(notebook, script);
      const events: string[] = [];
      await executeNotebook(notebook, { onEvent: ({ event }) => events.push(event) });
      assert.deepEqual(events, ["start", "done"]);
    });
  },
});

Deno.test({
  name: "report refuses in one line what is no notebook, is not there, or would overwrite another",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const text = join(folder, "text.ipynb");
      writeFileSync(text, "{}");
      const refused: [string[], number, RegExp][] = [
        [[text], 1, /^report: Cannot read .*text\.ipynb: it must be a Jupyter notebook of format 4\n$/],
        [[join(folder, "gone.ipynb")], 1, /^report: Cannot report .*gone\.ipynb: there is no such file\n$/],
        [["notes.txt"], 2, /^report: Cannot report .*notes\.txt: its name must end in \.ipynb\n$/],
        [["--timeout", "x"], 2, /^report: .*must be a whole number from 1/],
        [
          ["--ledger", "ledger.txt"],
          2,
          /^report: Cannot write the ledger to ledger\.txt: its name must end in /,
        ],
        [
          [FIXTURE, "--ledger", "ledger.md"],
          2,
          /^report: Cannot write a ledger of some notebooks: .* leave out/,
        ],
      ];
      for (const [args, expected, message] of refused) {
        const { code, stderr } = await report(...args);
        assert.equal(code, expected, stderr);
        assert.match(stderr, message);
      }
    });
  },
});

Deno.test({
  name: "report of several goes on after a notebook that fails, and leaves the older index",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const [broken, whole] = ["a.ipynb", "b.ipynb"].map((name) => join(folder, name));
      writeNotebook(broken, 'throw new RangeError("no such layer: conv9");');
      writeNotebook(whole, "1;");
      const out = join(folder, "out");
      mkdirSync(out);
      writeFileSync(join(out, "index.html"), "older");
      const { code, stdout, stderr } = await report(broken, whole, "--out", out);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /report: Cannot run .*a\.ipynb: cell 1 of 1 failed: RangeError: no such layer: conv9\n/,
      );
      assert.match(stderr, /report: Cannot report all: .* 1 of 2 failed; .*\n$/);
      assert.equal(readFileSync(join(out, "index.html"), "utf8"), "older");
      assert.deepEqual(readdirSync(out).sort(), ["b.html", "index.html"]);
    });
  },
});

Deno.test({
  name: "writeReport() leaves the older report where the disk is full, and names it",
  ignore: noPython,
  async fn() {
    await inFolder(async (folder) => {
      const notebook = join(folder, "full.ipynb");
      writeNotebook(notebook, "1;");
      writeFileSync(join(folder, "full.html"), "older");
      const files = failingFiles(1, { code: "ENOSPC" });
      await assert.rejects(() => writeReport(readNotebook(notebook), notebook, folder, { files }), {
        name: "FileError",
        code: "ENOSPC",
        message: /^Cannot write .*full\.html: all \d+ bytes must reach the disk/,
      });
      assert.equal(readFileSync(join(folder, "full.html"), "utf8"), "older");
      assert.deepEqual(readdirSync(folder).sort(), ["full.html", "full.ipynb"]);
    });
  },
});
