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
import { pathToFileURL } from "node:url";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PROJECT_FOLDER } from "./folders.ts";

const FIXTURE = join(PROJECT_FOLDER, "scripts", "report", "_fixture.ipynb");
const PYTHON = join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin", "python");
const CHROMIUM = [
  process.env.RD_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
]
  .find((path) => path !== undefined && existsSync(path));
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

function writeNotebook(path: string, ...sources: string[]): void {
  const cells = sources.map((source, i) => (
    { cell_type: "code", id: `c${i}`, metadata: {}, execution_count: null, outputs: [], source }
  ));
  const metadata = { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } };
  writeFileSync(path, JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }));
}

Deno.test({
  name: "report writes a page that draws every figure, without request, error, or a label that breaks out",
  ignore: noBrowser,
  async fn(test) {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await report(FIXTURE, "--out", folder);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /_fixture\.ipynb cell 1\/6, \d+\.\d s\n/);
      const path = stdout.trim();
      assert.equal(path, join(folder, "_fixture.html"));
      const html = readFileSync(path, "utf8");
      assert.ok(html.length < 6e6, `${html.length} bytes`);
      assert.equal(html.split("plotly.js v3").length - 1, 1, "plotly.js stands in the page once");
      await inBrowser(path, test);
    });
  },
  sanitizeResources: false,
  sanitizeOps: false,
});

async function inBrowser(path: string, test: Deno.TestContext): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  try {
    const open = (options: BrowserContextOptions, check: (page: Page) => Promise<void>) => async () => {
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
        assert.equal(await page.title(), "A report shows every figure without a network");
        assert.deepEqual(complaints, []);
      } finally {
        await context.close();
      }
    };
    for (const colorScheme of ["light", "dark"] as const) {
      await test.step(`drawn by plotly, ${colorScheme}`, open({ colorScheme }, checkDrawn));
    }
    await test.step(
      "drawn within a phone's width",
      open({ viewport: { width: 390, height: 800 } }, checkNarrow),
    );
    await test.step("drawn statically without scripts", open({ javaScriptEnabled: false }, checkStatic));
    await test.step("printed with static drawings", open({}, checkPrinted));
  } finally {
    await browser.close();
  }
}

async function checkDrawn(page: Page): Promise<void> {
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  assert.equal(await page.locator("[data-drawn] .rd-plot .main-svg").first().isVisible(), true);
  assert.equal(await page.locator(".rd-plot .plot-container").count(), FIGURES);
  assert.equal(await page.locator("svg.rd-static:visible").count(), 0);
  assert.equal(await page.locator("main img").count(), 0, "no label became an element");
  assert.equal(await page.locator("math").count(), 4);
  const fold = page.locator("#rd-fold");
  await fold.focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".rd-code[open]").count(), 0);
  assert.equal(await fold.textContent(), "Show code");
}

async function checkNarrow(page: Page): Promise<void> {
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  const { wide, screen } = await page.evaluate(
    "({ wide: document.documentElement.scrollWidth, screen: innerWidth })",
  ) as {
    wide: number;
    screen: number;
  };
  assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`);
}

async function checkStatic(page: Page): Promise<void> {
  assert.equal(await page.locator("svg.rd-static:visible").count(), FIGURES);
  assert.equal(await page.locator(".rd-plot").count(), 0);
}

async function checkPrinted(page: Page): Promise<void> {
  await page.locator("[data-drawn]").nth(FIGURES - 1).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("svg.rd-static:visible").count(), FIGURES);
  assert.equal(await page.locator(".rd-plot:visible").count(), 0);
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
      ];
      for (const [args, expected, message] of refused) {
        const { code, stderr } = await report(...args);
        assert.equal(code, expected, stderr);
        assert.match(stderr, message);
      }
    });
  },
});
