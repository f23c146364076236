import assert from "node:assert/strict";
import { createPrng } from "../prng.ts";
import { tableHtml } from "../tables.ts";
import { dataFrame } from "./data_frame.ts";
import { additivityFitsTable } from "./additivity_fits.ts";

Deno.test("additivityFitsTable() gives each group its fit and its median ratio", async () => {
  const line = [1, 2, 3, 4].map((predicted) => ({ predicted, real: 0.5 * predicted }));
  const table = additivityFitsTable([{ name: "half", points: line }], { prng: createPrng(1, "fits") });
  const { columns, rows } = table;
  // on a line through the origin every resample has the same slope, R² = 1 and τ = 1
  assert.deepEqual(rows, [["half", 4, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1]]);
  assert.equal(columns.length, rows[0].length);
  assert.match(tableHtml(table), /half/);
  const { columns: names } = await dataFrame(table);
  assert.deepEqual(names.slice(3, 6), ["slope", "slope, from", "slope, to"]);
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
