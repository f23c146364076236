import assert from "node:assert/strict";
import { createPrng } from "../prng.ts";
import { tableHtml } from "../tables.ts";
import { additivityFitsTable } from "./additivity_fits.ts";

Deno.test("additivityFitsTable() gives each group its fit and its median ratio", () => {
  const line = [1, 2, 3, 4].map((predicted) => ({ predicted, real: 0.5 * predicted }));
  const { columns, rows } = additivityFitsTable([{ name: "half", points: line }], {
    prng: createPrng(1, "fits"),
  });
  // on a line through the origin every resample has the same slope, R² = 1 and τ = 1
  assert.deepEqual(rows, [["half", 4, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1]]);
  assert.equal(columns.length, rows[0].length);
  assert.match(tableHtml({ caption: "", columns, rows }), /half/);
  assert.throws(
    () => additivityFitsTable([{ name: "two", points: line.slice(2) }], { prng: createPrng(1, "fits") }),
    RangeError,
  );
});

Deno.test("additivityFitsTable() shows a dash where there is no order to find", () => {
  const alike = [1, 2, 3].map((predicted) => ({ predicted, real: 7 }));
  const { rows } = additivityFitsTable([{ name: "broken", points: alike }], { prng: createPrng(1, "fits") });
  assert.deepEqual(rows[0].slice(9), [null, null, null]);
});
