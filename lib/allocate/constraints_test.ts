import assert from "node:assert/strict";
import { allocate } from "../allocate.ts";
import { type AllocationProblem, type Constraints, prunedAtLevel } from "../allocation.ts";
import { createPrng } from "../prng.ts";
import { finiteChoices, randomProblem } from "./_oracles.ts";

/** Distortion 0, 1, 4, 9 at 0, 2, 5, 8 of ten weights, three times. */
const LAYERS = ["a", "b", "c"].map((name) => (
  { name, weightCount: 10, levels: [0, 0.2, 0.5, 0.8], distortion: [0, 1, 4, 9] }
));

function pruned(budget: number, constraints: Constraints): number[] {
  return allocate({ layers: LAYERS, budget, constraints }).layers.map((layer) => layer.pruned);
}

Deno.test("allocate() keeps pins, floors, ceilings, frozen layers, ties, state and life", () => {
  assert.deepEqual(pruned(6, {}), [2, 2, 2]);
  assert.deepEqual(pruned(6, { pin: { a: 0.5 } }).toSorted(), [0, 2, 5]); // 5 + 2: 5, and one weight too many
  assert.equal(pruned(6, { pin: { a: 0.5 } })[0], 5);
  assert.deepEqual(pruned(0, { floor: { b: 0.3 } }), [0, 5, 0]); // the first level from 3 weights on
  assert.deepEqual(pruned(12, { ceiling: { a: 0.2, b: 0.5 } }), [2, 5, 5]);
  assert.deepEqual(pruned(10, { frozen: ["b"] }), [5, 0, 5]);
  assert.deepEqual(pruned(10, { frozen: ["b"], state: { b: 2, c: 3 } }), [5, 2, 5]);
  assert.deepEqual(pruned(0, { state: { a: 2, c: 3 } }), [2, 0, 5]);
  assert.deepEqual(pruned(5, { tied: [["a", "c"]] }).filter((_, i) => i !== 1), [2, 2]);
  assert.deepEqual(pruned(16, { tied: [["a", "c"]], ceiling: { a: 0.5 } }), [5, 8, 5]);
  assert.deepEqual(pruned(15, { keepAlive: 5 }), [5, 5, 5]);
});

Deno.test("a tied layer of another size prunes by its own size", () => {
  const layers = [LAYERS[0], { ...LAYERS[1], weightCount: 100 }];
  const { layers: chosen } = allocate({ layers, budget: 22, constraints: { tied: [["b", "a"]] } });
  assert.deepEqual(chosen.map((layer) => [layer.level, layer.pruned]), [[0.2, 2], [0.2, 20]]);
});

/** Least distortion over every choice that a plain reading of the constraints allows. */
function leastByRules({ layers, budget, constraints = {} }: AllocationProblem): number {
  const { pin = {}, floor = {}, ceiling = {}, frozen = [], tied = [], state = {}, keepAlive = 0 } =
    constraints;
  const isAllowed = (levels: readonly number[]) => {
    const counts = layers.map(({ weightCount }, i) => prunedAtLevel(levels[i], weightCount));
    const indexOf = (name: string) => layers.findIndex((layer) => layer.name === name);
    const every = (rules: Readonly<Record<string, number>>, holds: (count: number, at: number) => boolean) =>
      Object.entries(rules).every(([name, share]) =>
        holds(counts[indexOf(name)], Math.round(share * layers[indexOf(name)].weightCount))
      );
    return counts.reduce((sum, count) => sum + count, 0) >= budget &&
      every(pin, (count, at) => count === at) && every(floor, (count, at) => count >= at) &&
      every(ceiling, (count, at) => count <= at) &&
      Object.entries(state).every(([name, count]) => counts[indexOf(name)] >= count) &&
      frozen.every((name) => counts[indexOf(name)] === (state[name] ?? 0)) &&
      tied.every((names) => names.every((name) => levels[indexOf(name)] === levels[indexOf(names[0])])) &&
      counts.every((count, i) => layers[i].weightCount - count >= keepAlive);
  };
  const visit = (levels: readonly number[], distortion: number): number => {
    const i = levels.length;
    if (i === layers.length) return isAllowed(levels) ? distortion : Infinity;
    return layers[i].levels.reduce(
      (least, level, k) => Math.min(least, visit([...levels, level], distortion + layers[i].distortion[k])),
      Infinity,
    );
  };
  return visit([], 0);
}

Deno.test("allocate() under random constraints matches exhaustive search, or refuses what none meets", () => {
  const prng = createPrng(21).next;
  const count = { feasible: 0, refused: 0 };
  for (let trial = 0; trial < 600; trial++) {
    const { layers: own } = randomProblem(prng, { layerCount: 4, levelCount: 5, largest: 60 });
    const levels = [...new Set(own[0].levels)];
    const layers = own.map((layer) => (
      { ...layer, levels, distortion: levels.map((_, k) => layer.distortion[k] ?? prng()) }
    ));
    const some = <T>(value: () => T, share = 0.3) =>
      Object.fromEntries(layers.filter(() => prng() < share).map(({ name }) => [name, value()]));
    const level = () => levels[Math.floor(prng() * levels.length)];
    const constraints: Constraints = {
      pin: some(level, 0.1),
      floor: some(() => prng() ** 3),
      ceiling: some(() => 1 - prng() ** 3),
      state: some(() => 1, 0.1),
      frozen: prng() < 0.2 ? [layers[3].name] : [],
      tied: prng() < 0.4 ? [[layers[2].name, layers[0].name]] : [],
      keepAlive: prng() < 0.3 ? 1 : 0,
    };
    const most = layers.reduce(
      (sum, layer) => sum + Math.max(...finiteChoices(layer).map(({ pruned }) => pruned)),
      0,
    );
    const problem = { layers, budget: Math.floor(prng() * most * 0.9), constraints };
    const least = leastByRules(problem);
    if (least === Infinity) {
      assert.throws(() => allocate(problem), {
        name: "RangeError",
        message: /reachable interval|share a level/,
      });
      count.refused++;
    } else {
      const { distortion, proved } = allocate(problem);
      assert.ok(proved && Math.abs(distortion - least) <= 1e-12 * least, `trial ${trial}`);
      count.feasible++;
    }
  }
  assert.ok(count.feasible > 150 && count.refused > 100, JSON.stringify(count));
});

Deno.test("allocate() prints the reachable interval and the constraints that bind", () => {
  const refused = (budget: number, constraints: Constraints, message: string) =>
    assert.throws(() => allocate({ layers: LAYERS, budget, constraints }), { name: "RangeError", message });
  const reach = (most: number, sparsity: number) =>
    `the reachable interval is 0 to ${most} of 30 weights, sparsity 0 to ${sparsity}`;
  refused(
    20,
    { ceiling: { a: 0.5 }, frozen: ["b"] },
    `Cannot allocate a budget of 20 weights: ${reach(13, 0.433333)}; what binds: ` +
      "layer b: being frozen at 0 pruned weights (8 weights more without it), " +
      "layer a: its ceiling of 0.5 (3 weights more without it)",
  );
  refused(
    24,
    { tied: [["a", "b"]], ceiling: { a: 0.5 } },
    `Cannot allocate a budget of 24 weights: ${reach(18, 0.6)}; what binds: ` +
      "layer a: its ceiling of 0.5 (6 weights more without it), tied: a, b (3 weights more without it)",
  );
  refused(
    25,
    { keepAlive: 1 },
    `Cannot allocate a budget of 25 weights: ${
      reach(24, 0.8)
    }; what binds: the curves' last levels, not a constraint`,
  );
  refused(
    20,
    { ceiling: { a: 0.2 }, keepAlive: 7, frozen: ["b"], state: { b: 2 } },
    `Cannot allocate a budget of 20 weights: ${reach(6, 0.2)}; what binds: ` +
      "layer a: its ceiling of 0.2 and keeping 7 of its weights alive (6 weights more without them), " +
      "layer b: being frozen at 2 pruned weights and keeping 7 of its weights alive (6 weights more without them), " +
      "layer c: keeping 7 of its weights alive (6 weights more without it)",
  );
  refused(
    1,
    { pin: { a: 0.8 }, ceiling: { a: 0.5 }, floor: { a: 0.1 } },
    "Cannot allocate layer a: no level meets its pin at 0.8 and its ceiling of 0.5; " +
      "without its pin at 0.8 the reachable interval is 0 to 0.5",
  );
  refused(
    1,
    { pin: { a: 0.3 } },
    "Cannot allocate layer a: no level meets its pin at 0.3; without it the reachable interval is 0 to 0.8, " +
      "and the levels next to it are 0.2 and 0.5",
  );
  refused(
    1,
    { tied: [["a", "b"]], pin: { a: 0.2, b: 0.5 } },
    "Cannot allocate the tied layers a, b: no level meets a: its pin at 0.2 and b: its pin at 0.5; " +
      "without a: its pin at 0.2 the reachable interval is 0.5 to 0.5",
  );
});

Deno.test("allocate() refuses constraints that it cannot read", () => {
  const refused = (constraints: Constraints, name: string, message: RegExp) =>
    assert.throws(() => allocate({ layers: LAYERS, budget: 1, constraints }), { name, message });
  refused(
    { pin: { d: 0.5 } },
    "RangeError",
    /^Cannot allocate: the pin names layer d, .* 3 layers: a, b, c$/,
  );
  refused({ frozen: ["d"] }, "RangeError", /the freeze names layer d/);
  refused({ tied: [["a", "d"]] }, "RangeError", /the tie names layer d/);
  refused({ floor: { a: 1.5 } }, "RangeError", /floor of layer a must be in \[0, 1\], current value is 1.5$/);
  refused({ ceiling: { a: NaN } }, "RangeError", /ceiling of layer a .* is NaN$/);
  refused({ state: { a: 11 } }, "RangeError", /state of layer a .* \[0, 10\], current value is 11$/);
  refused({ keepAlive: -1 }, "RangeError", /keepAlive .* is -1$/);
  refused({ tied: [["a", "b"], ["b", "c"]] }, "RangeError", /layer b must be tied once/);
  refused({ tied: [["a", "a"]] }, "RangeError", /layer a must be tied once/);
  const twins = [LAYERS[0], LAYERS[1], LAYERS[0]];
  assert.throws(() => allocate({ layers: twins, budget: 1, constraints: { pin: { a: 0.5 } } }), {
    name: "RangeError",
    message: /the pin names layer a, which must be one layer, current count is 2 or more$/,
  });
  const other = { ...LAYERS[1], levels: [0, 0.1, 0.2, 0.3] };
  assert.throws(
    () => allocate({ layers: [LAYERS[0], other], budget: 1, constraints: { tied: [["a", "b"]] } }),
    { name: "TypeError", message: /same levels, those of a and b differ$/ },
  );
});
