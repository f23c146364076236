import assert from "node:assert/strict";
import { notebookOf } from "./_notebook_of.ts";
import { cellLineAt, cellsOfTwin, writeTwin } from "./twin.ts";

const TWIN = writeTwin(notebookOf("# Title", "const a = 1;\nconst b = 2;", "", "## Text", "a + b;\n"));

Deno.test("writeTwin() puts the code cells after one another, text and empty cells left out", () => {
  assert.equal(TWIN, "// %% cell 1\nconst a = 1;\nconst b = 2;\n\n// %% cell 2\na + b;\n");
});

Deno.test("cellLineAt() says where a line of the twin stands in the notebook", () => {
  assert.deepEqual(cellLineAt(TWIN, 3), { cell: 1, line: 2 });
  assert.deepEqual(cellLineAt(TWIN, 6), { cell: 2, line: 1 });
});

Deno.test("cellsOfTwin() gives the cells back", () => {
  assert.deepEqual(cellsOfTwin(TWIN), ["const a = 1;\nconst b = 2;", "a + b;"]);
});
