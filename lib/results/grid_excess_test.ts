import assert from "node:assert/strict";
import { tinyNetwork } from "../_test_helpers.ts";
import { type Network, prunableLayers } from "../network.ts";
import type { CurvesFile } from "../rd_files.ts";
import { gridExcess, gridExcessTable } from "./grid_excess.ts";

/** Level ½ of the first layer costs `dip`, everything else 10 for half and 100 for all. */
function curvesOf(network: Network, dip: number): CurvesFile {
  return {
    ...{ format: "rd-curves/1", model: network.model, statistic: "mean", samples: 1, levels: [0, 0.5, 1] },
    layers: prunableLayers(network).map(({ name, weights, macs }, i) => ({
      ...{ name, weights, macs },
      distortion: [0, i === 0 ? dip : 10, 100],
    })),
    provenance: {},
  } as unknown as CurvesFile;
}

Deno.test("gridExcess() judges both choices on the grid's curves, and by what the pruned networks do", async () => {
  const network = tinyNetwork();
  const [first] = prunableLayers(network);
  const sparsity = 0.5 * first.weights /
    prunableLayers(network).reduce((sum, { weights }) => sum + weights, 0);
  // On the grid half of the first layer is free; whoever takes it for dear prunes half of another one, for 10.
  const curves = { grid: curvesOf(network, 1), few: curvesOf(network, 50) };
  const [found] = await gridExcess(network, curves, [sparsity], ({ weights }) => {
    const zeros = weights.get(`${first.name}.weight`)!.data.filter((weight) => weight === 0).length;
    return Promise.resolve({ mean: zeros > 0 ? 3 : 6 });
  });
  assert.deepEqual(found, { sparsity, predicted: { grid: 1, few: 10 }, real: { grid: 3, few: 6 } });
  const other = { ...curves.few, provenance: { weightsSha256: "b" } } as unknown as CurvesFile;
  await assert.rejects(
    gridExcess(network, { ...curves, few: other }, [sparsity], () => Promise.resolve({ mean: 1 })),
    {
      name: "TypeError",
      message: /both must be of weights undefined, got b/,
    },
  );
  assert.deepEqual(gridExcessTable([found], "x").rows, [[sparsity, 1, 9, 3, 1]]);
  const free = { sparsity, predicted: { grid: 0, few: 0 }, real: { grid: 0, few: 2 } };
  assert.deepEqual(gridExcessTable([free], "x").rows, [[sparsity, 0, null, 0, null]]);
});
