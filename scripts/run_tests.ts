/** `deno task test`: everything that must hold before a change lands; closes with `N passed, N failed`. */
// Not called test.ts: `deno test` would take that for a test and run it within itself, for ever.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_FOLDER } from "./folders.ts";

const HELP = `Usage: deno task test

Checks all that must hold before a change lands: formatting, lint, types, tests, every notebook at a small size. About
twenty minutes on two cores. One file's tests: deno test -A lib/allocate_test.ts

Exit codes: 0 all passed, 1 something failed, 2 used wrongly.`;

interface Step {
  readonly title: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Small enough that a notebook runs in well under a minute; the same cells as at full size. */
const SMALL_NOTEBOOK = JSON.stringify({
  ...{ SAMPLES: 16, LEVELS: 6, GRID: 11, TRIALS: 4, TEST_IMAGES: 100, LSQ_IMAGES: 64, LSQ: 64 },
  ...{ IMAGES: 128, TUNE: 128, TRAIN: 500, EPOCHS: 1, FINEST: 10_000, BUDGETS: 4, ORDERS: 200 },
});

/** Without their own folder they would replace what a reader made at full size. */
const SMALL = {
  RD_PARAMETERS: SMALL_NOTEBOOK,
  RD_OUTPUTS: join(PROJECT_FOLDER, "data", "cache", "test-reports"),
};

const STEPS: readonly Step[] = [
  { title: "formatting", args: ["fmt", "--check", "--quiet"] },
  { title: "lint", args: ["lint", "--quiet"] },
  { title: "types", args: ["check", "--quiet", "lib", "scripts"] },
  { title: "notebooks' cells", args: ["run", "-A", "scripts/cells.ts", "--tslab"] },
  { title: "unit and doc tests", args: ["test", "-A", "--quiet", "--doc", "lib", "scripts"] },
  {
    title: "notebooks and reports",
    args: ["run", "-A", "scripts/report.ts", "--out", "data/cache/test-reports"],
    env: SMALL,
  },
  {
    title: "notebooks on both kernels",
    args: ["run", "-A", "scripts/notebooks.ts", "--compare", ...notebooksNumbered(["00", "01", "03"])],
    env: SMALL,
  },
];

if (Deno.args.length > 0) {
  const isAsked = Deno.args.includes("--help");
  (isAsked ? console.log : console.error)(isAsked ? HELP : `test: it takes no arguments\n\n${HELP}`);
  Deno.exit(isAsked ? 0 : 2);
}

function notebooksNumbered(numbers: readonly string[]): string[] {
  const names = readdirSync(join(PROJECT_FOLDER, "notebooks")).filter((name) => name.endsWith(".ipynb"));
  return names.filter((name) => numbers.includes(name.slice(0, 2))).map((name) => join("notebooks", name));
}

/** Deno's summary line: `ok | 101 passed | 0 failed (7s)`. */
const SUMMARY = /(\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/g;

let [passed, failed] = [0, 0];
for (const step of STEPS) {
  const began = performance.now();
  console.log(`\n== ${step.title}`);
  const { code, output } = await runDeno(step);
  const counts = [...output.matchAll(SUMMARY)];
  for (const [, p, f] of counts) [passed, failed] = [passed + Number(p), failed + Number(f)];
  const counted = counts.some(([, , f]) => Number(f) > 0);
  if (counts.length === 0) code === 0 ? passed++ : failed++;
  else if (code !== 0 && !counted) failed++; // a file that did not even load
  console.log(
    `== ${step.title}: ${code === 0 ? "ok" : "FAILED"}, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
}
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

/** Runs Deno with the step's arguments, showing what it prints and keeping it. */
async function runDeno({ args, env = {} }: Step): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: PROJECT_FOLDER,
    env: { ...env, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array>, to: NodeJS.WriteStream) => {
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      to.write(chunk);
    }
  };
  const [{ code }] = await Promise.all([
    child.status,
    follow(child.stdout, process.stdout),
    follow(child.stderr, process.stderr),
  ]);
  return { code, output };
}
