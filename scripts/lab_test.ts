/** `deno task lab` in a real browser: JupyterLab opens ready, a cell stops, a bar moves in place, the explorer lives. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import type { Locator, Page } from "playwright-core";
import { writeNotebook } from "./_write_notebook.ts";
import { PROJECT_FOLDER } from "./folders.ts";
import { checkExplorer } from "./report/_explorer_checks.ts";
import { CHROMIUM, withBrowser } from "./report/browser.ts";

const PROGRAM = join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin", "jupyter-lab");
const missing = [CHROMIUM === undefined ? "Chromium" : "", existsSync(PROGRAM) ? "" : PROGRAM].filter(
  Boolean,
);
if (missing.length > 0) console.warn(`lab_test: skipped, there is no ${missing.join(" and no ")}`);

/** Milliseconds that JupyterLab or a kernel may take to start, on a busy machine. */
const PATIENCE = 120_000;
const WAIT = (milliseconds: number) => `await new Promise((resume) => setTimeout(resume, ${milliseconds}));`;

const CELLS = [
  'import * as rd from "rd-pruning";\nconst kept = 41;',
  `const bar = rd.progressDisplay("steps");\nfor (let i = 1; i <= 5; i++) {\n  bar.update(i, 5);\n  ${
    WAIT(400)
  }\n}\nawait bar.finish();`,
  // as rd.measureCurves works: computes, tells how far it is, and lets the kernel breathe
  `await rd.cached("an endless computation", Math.random(), async (onProgress) => {
  for (let i = 1;; i++) {
    const end = performance.now() + 20;
    while (performance.now() < end);
    onProgress(i, 1_000_000);
    ${WAIT(0)}
  }
});`,
  "console.log(kept + 1);",
  'await rd.show(rd.explorer(rd.committedCurves("resnet32")));',
];

Deno.test({
  name: "lab opens the first notebook with its kernel ready; Stop, progress bars and the explorer work there",
  ignore: missing.length > 0,
  async fn(test) {
    const folder = join(PROJECT_FOLDER, "data", "cache", "test-lab");
    mkdirSync(folder, { recursive: true });
    const notebook = join(folder, "lab_test.ipynb");
    writeNotebook(notebook, ...CELLS);
    try {
      await withLab((address, at) =>
        withBrowser(async (browser) => {
          const context = await browser.newContext({ viewport: { width: 1300, height: 1000 } });
          context.setDefaultTimeout(PATIENCE);
          const page = await context.newPage();
          const asked: string[] = [];
          page.on("request", (request) => asked.push(request.url()));
          await test.step("the first notebook is open, its kernel is ours and ready", async () => {
            await page.goto(address);
            await checkReady(page, "00_quickstart.ipynb");
            await picture(page, "first");
          });
          await page.goto(at(notebook));
          await checkReady(page, "lab_test.ipynb");
          await test.step("a bar moves in place", () => checkBar(page));
          await test.step("Stop ends a cell and keeps the kernel", () => checkStop(page));
          await test.step("the explorer answers the keyboard", () => checkLiveExplorer(page));
          const foreign = asked.filter((url) =>
            !/^(data:|blob:|about:)/.test(url) && !url.startsWith(new URL(address).origin)
          );
          assert.deepEqual(foreign, []);
        })
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  sanitizeOps: false,
  sanitizeResources: false,
});

async function checkReady(page: Page, name: string): Promise<void> {
  await page.locator(".lm-DockPanel-tabBar .lm-mod-current", { hasText: name }).waitFor();
  const kernel = page.locator(".jp-NotebookPanel:visible .jp-Toolbar-kernelName");
  await kernel.filter({ hasText: "Deno (rd-pruning)" }).waitFor();
  await page.locator(".jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status=idle]").waitFor();
}

async function checkBar(page: Page): Promise<void> {
  await runCell(page, 0);
  await runCell(page, 1, { wait: false });
  const bar = cell(page, 1).locator("progress");
  const values = new Set<string | null>();
  while (!await isDone(page, 1)) {
    assert.ok(await bar.count() <= 1, "one bar, written again in place");
    if (await bar.count() === 1) {
      values.add(await bar.getAttribute("value", { timeout: 500 }).catch(() => null));
    }
    await page.waitForTimeout(100);
  }
  values.delete(null);
  assert.ok(values.size >= 2, `the bar was seen at ${[...values].join(", ") || "no value"}`);
}

async function checkStop(page: Page): Promise<void> {
  await runCell(page, 2, { wait: false });
  await cell(page, 2).locator(".jp-OutputArea-output", { hasText: "an endless computation" }).waitFor();
  await picture(page, "running");
  await page.locator(".jp-NotebookPanel:visible [data-jp-item-name=interrupt] jp-button").click();
  await done(page, 2);
  await picture(page, "stopped");
  await cell(page, 2).locator(".jp-OutputArea-output", { hasText: "Cannot go on: the cell was stopped" })
    .waitFor();
  await runCell(page, 3);
  assert.match(await cell(page, 3).locator(".jp-OutputArea-output").innerText(), /^42\s*$/);
}

async function checkLiveExplorer(page: Page): Promise<void> {
  await runCell(page, 4);
  const frame = page.frameLocator("iframe.rd-explorer-frame");
  await frame.locator(".rd-explorer-live").waitFor();
  await checkExplorer(page, frame);
  assert.equal(await page.locator(".rd-explorer-still:visible").count(), 0);
  await cell(page, 4).scrollIntoViewIfNeeded();
  await picture(page, "explorer");
}

function cell(page: Page, i: number): Locator {
  return page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(i);
}

async function runCell(page: Page, i: number, { wait = true } = {}): Promise<void> {
  await cell(page, i).locator(".cm-content").click();
  await page.keyboard.press("Control+Enter");
  if (wait) await done(page, i);
}

/** A cell that runs has a star where its number will stand. */
async function done(page: Page, i: number): Promise<void> {
  await cell(page, i).locator(".jp-InputPrompt", { hasText: /\[\d+\]/ }).waitFor();
}

async function isDone(page: Page, i: number): Promise<boolean> {
  return /\[\d+\]/.test(await cell(page, i).locator(".jp-InputPrompt").innerText());
}

/** For a person to look at: `RD_PICTURES` names the folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.RD_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `lab_${name}.png`) });
}

/** Runs the command as a user does, without a browser of its own, and ends it. */
async function withLab(
  work: (address: string, at: (path: string) => string) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "rd-lab-test-"));
  const manager = join(home, "@jupyterlab", "docmanager-extension");
  mkdirSync(manager, { recursive: true });
  writeFileSync(join(manager, "plugin.jupyterlab-settings"), JSON.stringify({ autosave: false }));
  const token = crypto.randomUUID();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", join(PROJECT_FOLDER, "scripts", "lab.ts")],
      ...["--no-browser", "--allow-root", `--port=${await freePort()}`, `--IdentityProvider.token=${token}`],
    ],
    env: {
      JUPYTER_CONFIG_DIR: home,
      JUPYTER_RUNTIME_DIR: home,
      JUPYTERLAB_WORKSPACES_DIR: home,
      JUPYTERLAB_SETTINGS_DIR: home,
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = follow(child.stderr);
  try {
    const printed = await log.find(/http:\/\/localhost:\d+\/lab\S*/);
    const address = printed.replace(/token=\.\.\./, `token=${token}`);
    const at = (path: string) =>
      new URL(`/lab/tree/${relative(PROJECT_FOLDER, path)}?token=${token}`, address).href;
    await work(address, at);
  } finally {
    child.kill("SIGTERM");
    const { code } = await child.status;
    await log.ended;
    rmSync(home, { recursive: true, force: true });
    assert.equal(code, 0, "JupyterLab ends with its command");
  }
}

/** Reads what a process writes; `find` waits for a text in it. */
function follow(stream: ReadableStream<Uint8Array>) {
  let text = "";
  let tell = () => {};
  const decoder = new TextDecoder();
  const ended = (async () => {
    for await (const part of stream) {
      text += decoder.decode(part, { stream: true });
      tell();
    }
  })();
  const find = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      tell = () => {
        const found = pattern.exec(text)?.[0];
        if (found !== undefined) resolve(found);
      };
      tell();
      ended.then(() => reject(new TypeError(`Cannot start JupyterLab: it says: ${text}`)));
    });
  return { ended, find };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
