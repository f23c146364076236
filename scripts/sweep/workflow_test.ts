import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTemporaryFolder } from "../../lib/_test_helpers.ts";
import type { SweepPlan } from "./plan.ts";
import { runWorkflow, type WorkflowOptions } from "./workflow.ts";

const NOTHING: SweepPlan = { dense: [], curves: [], chains: [] };

/** Runs a shell script in Snakemake's place; `$WORK` in it is the sweep's work folder. */
function runShell(
  work: string,
  script: string,
  onTick: WorkflowOptions["onTick"] = () => {},
): Promise<number> {
  const snakemake = join(work, "snakemake");
  writeFileSync(snakemake, `#!/bin/sh\nWORK='${work}'\n${script}\n`, { mode: 0o755 });
  return runWorkflow(NOTHING, {
    ...{ snakemake, work, target: "all", profile: "local", cores: 1, gpu: false, dryRun: false },
    onTick,
    everyMs: 10,
  });
}

/** Ends once the ticks say so, or after some seconds; tells by a file that it was not cut short. */
const UNTIL_TOLD =
  'i=0; until [ -e "$WORK/enough" ] || [ $((i += 1)) -gt 500 ]; do sleep 0.02; done; touch "$WORK/ended"';

Deno.test(
  "runWorkflow() lets Snakemake end before it throws what a tick threw first, and ticks on",
  inTemporaryFolder(async (work) => {
    let ticks = 0;
    const running = runShell(work, UNTIL_TOLD, () => {
      if (++ticks === 3) writeFileSync(join(work, "enough"), "");
      throw new RangeError(`the disk is full, tick ${ticks}`);
    });
    await assert.rejects(running, { name: "RangeError", message: "the disk is full, tick 1" });
    assert.ok(existsSync(join(work, "ended")));
  }),
);

Deno.test(
  "runWorkflow() ticks once more in the end, and forgets what earlier ticks threw if that goes well",
  inTemporaryFolder(async (work) => {
    let ticks = 0;
    const code = await runShell(work, `${UNTIL_TOLD}; exit 3`, () => {
      if (++ticks === 3) writeFileSync(join(work, "enough"), "");
      if (!existsSync(join(work, "ended"))) throw new RangeError("the disk is full");
    });
    assert.equal(code, 3);
  }),
);
