/** What a notebook needs of its kernel, on both: driven through Jupyter's protocol. Needs the Python environment. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "./folders.ts";

const PYTHON = join(process.env.RD_VENV ?? join(PROJECT_FOLDER, ".venv"), "bin", "python");
const PROBE = join(PROJECT_FOLDER, "scripts", "notebooks", "probe_kernel.py");
const noPython = !existsSync(PYTHON);
if (noPython) console.warn(`kernels_test: skipped, there is no ${PYTHON}; run: deno task setup`);

interface Answer {
  status: string;
  streams: string;
  displays: { kind: string; id: string | null; types: string[] }[];
  alive: boolean;
}

/** Runs cells in one kernel, one after the other. */
function probe(
  kernel: string,
  cells: readonly { code: string; interruptAfter?: number }[],
): Promise<Answer[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      PYTHON,
      [PROBE, kernel, join(PROJECT_FOLDER, "notebooks")],
      (error, stdout, stderr) => {
        if (error) reject(new TypeError(`Cannot probe ${kernel}: ${stderr}`));
        else resolve(stdout.trim().split("\n").map((line) => JSON.parse(line)));
      },
    );
    child.stdin!.end(JSON.stringify(cells));
  });
}

const WAIT = (milliseconds: number) => `await new Promise((resume) => setTimeout(resume, ${milliseconds}));`;

/** As `rd.measureCurves` works: computes, tells how far it is, and lets the kernel breathe. */
const LONG_COMPUTATION = `
globalThis.steps = 0;
await rd.cached("an endless computation", Math.random(), async (onProgress) => {
  for (;;) {
    const end = performance.now() + 20;
    while (performance.now() < end);
    onProgress(++globalThis.steps, 0);
    ${WAIT(0)}
  }
});`;

/** Takes minutes, and tells nobody how far it is. */
const SILENT_COMPUTATION = `
const network = rd.initialise(rd.architectureNamed("resnet32"), rd.createPrng(1));
const calibration = rd.calibrationNoise(network, { samples: 512, seed: 1 });
const engine = await rd.loadEngine();
console.log("begun");
await rd.measureCurves(engine, network, calibration, { levels: rd.evenLevels(20) });`;

/** A machine so busy that even gathered lines come after their cell's end may spoil a try, not all of them. */
const TRIES = 5;

const CELLS = [
  { code: 'import * as rd from "rd-pruning";\nconst kept = 41;\nconst bag = { kept };' },
  ...Array.from({ length: TRIES }, () => [
    { code: "for (let line = 1; line <= 500; line++) console.log(`line ${line}`);" },
    { code: 'console.log("end");' },
  ]).flat(),
  { code: "const broken = ;" },
  {
    code: `const bar = rd.progressDisplay("bar");\nbar.update(1, 3);\n${
      WAIT(500)
    }\nbar.update(2, 3);\nawait bar.finish();`,
  },
  { code: LONG_COMPUTATION, interruptAfter: 1 },
  {
    code: `const steps = globalThis.steps;\n${
      WAIT(300)
    }\nconsole.log(globalThis.steps - steps, { ...bag, kept }.kept + 1);`,
  },
  { code: SILENT_COMPUTATION, interruptAfter: 1 },
  { code: "console.log(kept + 2);" },
];

for (const kernel of ["deno", "tslab"]) {
  Deno.test({
    name:
      `${kernel}: no line is lost, errors are errors, bars update in place, Stop stops and keeps what was there`,
    ignore: noPython,
    async fn() {
      const [imported, ...answers] = await probe(kernel, CELLS);
      const printed = answers.slice(0, 2 * TRIES).map(({ streams }) => streams);
      const [broken, bar, stopped, after, silent, afterSilent] = answers.slice(2 * TRIES);
      assert.equal(imported.status, "ok", imported.streams);

      const whole = Array.from({ length: 500 }, (_, i) => `line ${i + 1}\n`).join("");
      const isWhole = (k: number) => printed[2 * k] === whole && printed[2 * k + 1] === "end\n";
      assert.ok([...Array(TRIES).keys()].some(isWhole), `lines are lost in each of ${TRIES} tries`);

      assert.equal(broken.status, "error");

      const [first, ...later] = bar.displays;
      assert.equal(first.kind, "display_data");
      assert.ok(later.length >= 2 && later.every(({ kind }) => kind === "update_display_data"), bar.streams);
      assert.equal(new Set(bar.displays.map(({ id }) => id)).size, 1);

      assert.deepEqual([stopped.status, stopped.alive], ["error", true]);
      assert.equal(after.streams, "0 42\n"); // the computation does not go on, and the variables are there
      assert.deepEqual([silent.status, silent.alive], ["error", true]);
      assert.equal(afterSilent.streams, "43\n");
    },
  });
}
