import assert from "node:assert/strict";
import { assertAllclose } from "./_test_helpers.ts";
import { monotoneCubic } from "./monotone_cubic.ts";
import { createPrng } from "./prng.ts";

Deno.test("monotoneCubic() goes through its points and is a Hermite cubic between, by hand", () => {
  const curve = monotoneCubic([0, 1, 2], [0, 1, 3]);
  assert.deepEqual([0, 1, 2].map(curve), [0, 1, 3]);
  // secants 1 and 2, slopes 1, 1.5, 2: at 0.5 the first piece is (0 + 1) / 2 + (1 − 1.5) / 8
  assertAllclose([curve(0.5)], [0.4375], { rtol: 1e-15 });
  assert.deepEqual([curve(-1), curve(3)], [-1, 5]); // straight lines beyond the ends
});

Deno.test("monotoneCubic() reproduces straight lines", () => {
  const curve = monotoneCubic([0, 0.1, 2, 5], [1, 1.2, 5, 11]);
  assertAllclose([0.05, 1, 3.3, 7].map(curve), [1.1, 3, 7.6, 15], { rtol: 1e-14 });
});

Deno.test("monotoneCubic() stays within each pair of neighbouring points, whatever they are", () => {
  const prng = createPrng(1, "test points");
  for (let round = 0; round < 300; round++) {
    const xs = Array.from({ length: 6 }, () => 0).reduce(
      (all: number[]) => [...all, (all.at(-1) ?? 0) + 0.01 + prng.next()],
      [],
    );
    const ys = xs.map(() => Math.round(4 * prng.normal()) ** 3);
    const curve = monotoneCubic(xs, ys);
    for (let k = 1; k < xs.length; k++) {
      const [low, high] = [Math.min(ys[k - 1], ys[k]), Math.max(ys[k - 1], ys[k])];
      const rising = Math.sign(ys[k] - ys[k - 1]);
      let before = ys[k - 1];
      for (let t = 0.05; t < 1; t += 0.05) {
        const y = curve(xs[k - 1] + t * (xs[k] - xs[k - 1]));
        assert.ok(y >= low - 1e-9 && y <= high + 1e-9);
        assert.ok(rising * (y - before) >= -1e-9);
        before = y;
      }
    }
  }
});

Deno.test("monotoneCubic() takes a single point and refuses bad ones", () => {
  assert.equal(monotoneCubic([1], [2])(9), 2);
  assert.throws(() => monotoneCubic([], []), { name: "RangeError" });
  assert.throws(() => monotoneCubic([1, 2], [1]), {
    name: "TypeError",
    message: "Cannot interpolate: xs and ys must have one length, got 2 and 1",
  });
  for (const second of [1, 0.5, NaN]) {
    assert.throws(() => monotoneCubic([1, second], [0, 1]), {
      name: "RangeError",
      message: `Cannot interpolate: xs must ascend, got 1 then ${second}`,
    });
  }
});
