import assert from "node:assert/strict";
import { bandWidths } from "./band_widths.ts";

Deno.test("bandWidths() divides by the curve at each measured level, files and measurements alike", () => {
  const levels = [0, 0.5, 1];
  const band = [[0, 0], [8, 12]]; // 4 wide at a distortion of 10
  const file = { levels, layers: [{ distortion: [0, 4, 10], knots: [0, 2], band }] };
  assert.deepEqual(bandWidths(file), [0.4]);
  const layer = { distortion: { mean: [0, 4, 10], worst: [0, 8, 20] }, knots: [0, 2], band };
  assert.deepEqual(bandWidths({ levels, layers: [layer] }, { statistic: "worst" }), [0.2]);
  assert.deepEqual(
    bandWidths({ levels, layers: [{ distortion: [0, 4, 8], band: [[0, 0], [3, 5], [6, 10]] }] }),
    [
      ...[0.5, 0.5],
    ],
  );
  assert.throws(() => bandWidths({ levels, layers: [{ distortion: [0, 4, 10] }] }), {
    name: "TypeError",
    message: "Cannot tell how wide bands are: layer 0 must have one at each measured level",
  });
});
