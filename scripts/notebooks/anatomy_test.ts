import assert from "node:assert/strict";
import { anatomyFaults } from "./anatomy.ts";
import { notebookOf } from "./_notebook_of.ts";

Deno.test("anatomyFaults() finds none in a notebook that keeps to the rules", () => {
  const setup =
    'import * as rd from "rd-pruning";\nconst share = 1 / 2;\nawait rd.show(`${share} images/s`);';
  assert.deepEqual(anatomyFaults(notebookOf("# A claim", setup, "## Next", "x;\n".repeat(15))), []);
});

Deno.test("anatomyFaults() wants a title first and short cells", () => {
  assert.deepEqual(anatomyFaults(notebookOf("## Setup", "x;\n".repeat(16))), [
    "the first cell must be text that begins with a # title",
    "cell 1 must have at most 15 lines, has 16",
  ]);
});

Deno.test("anatomyFaults() refuses what runs on one kernel or machine alone", () => {
  const refused = [
    "Deno.cwd();",
    "import.meta.url;",
    'import x from "npm:zod";',
    'import { z } from "zod";',
    'rd.readCurves("data/curves/a.json");',
    "rd.readCurves('../a.json');",
    'rd.readCurves("/home/a.json");',
    'fetch("https://example.org");',
  ];
  for (const code of refused) {
    const faults = anatomyFaults(notebookOf("# T", code));
    assert.ok(faults.length >= 1 && faults[0].startsWith("cell 1 must not hold "), code);
  }
});
