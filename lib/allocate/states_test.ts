import assert from "node:assert/strict";
import { emptyStates, mergeStates, type StateList, trimStates } from "./states.ts";

/** States of these weights and distortions, bounded by their distortion; `entry` tells the lists apart. */
function statesOf(entry: number, ...states: [saved: number, distortion: number][]): StateList {
  const list = emptyStates(states.length + 2); // longer than needed, as lists are
  states.forEach(([saved, distortion], k) => {
    list.saved[k] = saved;
    list.distortion[k] = distortion;
    list.bound[k] = distortion;
    list.parent[k] = k;
    list.entry[k] = entry;
  });
  return { ...list, length: states.length };
}

function rows({ length, saved, distortion, entry }: StateList): number[][] {
  return Array.from({ length }, (_, k) => [saved[k], distortion[k], entry[k]]);
}

Deno.test("mergeStates() keeps what saves more or costs less, in order", () => {
  const a = statesOf(0, [9, 7], [5, 4], [2, 3]);
  const b = statesOf(1, [9, 8], [6, 4], [5, 3], [1, 0]);
  // 9 for 8 loses to 9 for 7, 5 for 4 to 6 for 4, 2 for 3 to 5 for 3
  assert.deepEqual(rows(mergeStates(a, b)), [[9, 7, 0], [6, 4, 1], [5, 3, 1], [1, 0, 1]]);
  assert.deepEqual(rows(mergeStates(b, a)), rows(mergeStates(a, b)));
});

Deno.test("mergeStates() returns the other list where one is empty", () => {
  const list = statesOf(0, [2, 1]);
  assert.deepEqual(rows(mergeStates(emptyStates(0), list)), rows(list));
  assert.deepEqual(rows(mergeStates(list, emptyStates(0))), rows(list));
});

Deno.test("trimStates() keeps the states of least bound in order and tells the least it dropped", () => {
  const list = statesOf(0, [9, 7], [6, 4], [5, 3], [1, 0]);
  const { kept, dropped } = trimStates(list, 2);
  assert.deepEqual([rows(kept), dropped], [[[5, 3, 0], [1, 0, 0]], 4]);
  assert.deepEqual(trimStates(list, 4), { kept: list, dropped: Infinity });
});

Deno.test("trimStates() keeps those that save more where bounds tie", () => {
  const list = statesOf(0, [9, 7], [6, 4], [5, 3], [1, 0]);
  list.bound.fill(1);
  const { kept, dropped } = trimStates(list, 2);
  assert.deepEqual([rows(kept), dropped], [[[9, 7, 0], [6, 4, 0]], 1]);
});
