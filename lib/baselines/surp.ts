/** SuRP (Isik et al. 2022): successive refinement of all weights, as one list. */

import type { Prng } from "../prng.ts";

/** Where the refinement stands. */
interface Refinement {
  readonly residual: Float64Array;
  readonly isTouched: Uint8Array;
  /** Whether the residual exceeds the step, as a Fenwick tree of counts: picks by rank in O(log n). */
  readonly exceeds: RankedSet;
  /** The others, by residual, for when the step falls below them. */
  readonly waiting: MaxHeap;
}

/**
 * Marks the weights that refinement touches until only `untouched` are left.
 *
 * residual = |w|, step = α · mean|w|; pick at random an index whose residual exceeds the step, take the step from it,
 * shrink the step by (n − 1) / n; when none qualifies set the step to α · mean(residual), every 20th time with
 * α × 0.9. Reading taken: α starts at ln n, where α times the mean is about the largest of n Laplacian magnitudes (the
 * SuRP paper's log(n / β) with β = 1). A zero is never touched: where the target asks for it, zeros are kept in order
 * as if touched last.
 * Time O(p log n) for p picks; n log n picks or so.
 *
 * @param magnitudes |w| of all tensors, each divided by its L2 norm; finite, at least 0.
 * @param untouched Indices to leave untouched, integer in [0, n].
 * @returns 1 where touched; exactly n − untouched of them.
 */
export function refine(magnitudes: Float64Array, untouched: number, prng: Prng): Uint8Array {
  const count = magnitudes.length;
  const state: Refinement = {
    residual: magnitudes.slice(),
    isTouched: new Uint8Array(count),
    exceeds: rankedSet(count),
    waiting: maxHeap(count),
  };
  let sum = magnitudes.reduce((total, value) => total + value, 0);
  let [alpha, resets, left] = [Math.log(count), 0, count];
  let step = alpha * sum / count;
  for (let i = 0; i < count; i++) state.waiting.push(i, magnitudes[i]);
  const nonzero = magnitudes.reduce((total, value) => total + (value > 0 ? 1 : 0), 0);
  const goal = Math.max(untouched, count - nonzero);
  while (left > goal) {
    wake(state, step);
    if (state.exceeds.size() === 0) {
      if (++resets % 20 === 0) alpha *= 0.9;
      step = alpha * sum / count;
      if (!(step > 0)) break; // nothing above rounding is left, or one weight in all
      continue;
    }
    const index = state.exceeds.at(prng.int(state.exceeds.size()));
    state.residual[index] -= step;
    sum -= step;
    if (state.isTouched[index] === 0) [state.isTouched[index], left] = [1, left - 1];
    step *= (count - 1) / count;
    if (!(state.residual[index] > step)) {
      state.exceeds.remove(index);
      state.waiting.push(index, state.residual[index]);
    }
  }
  touchLargest(state.isTouched, magnitudes, left - untouched);
  return state.isTouched;
}

/** Moves what the step has fallen below from the heap to the set. */
function wake({ exceeds, waiting }: Refinement, step: number): void {
  while (waiting.size() > 0 && waiting.largest() > step) exceeds.add(waiting.pop());
}

/** Touches the largest of the untouched, ties in order: zeros, and what lies below rounding. */
function touchLargest(isTouched: Uint8Array, magnitudes: Float64Array, missing: number): void {
  if (missing <= 0) return;
  const rest = Array.from(magnitudes.keys()).filter((i) => isTouched[i] === 0);
  rest.sort((a, b) => magnitudes[b] - magnitudes[a] || a - b);
  for (const i of rest.slice(0, missing)) isTouched[i] = 1;
}

interface RankedSet {
  add(index: number): void;
  remove(index: number): void;
  /** The member of this rank, from 0, in the order of the indices. */
  at(rank: number): number;
  size(): number;
}

/** A set of indices below `count` that finds its r-th member in O(log count). */
function rankedSet(count: number): RankedSet {
  const tree = new Int32Array(count + 1);
  const top = 2 ** Math.floor(Math.log2(Math.max(1, count)));
  let size = 0;
  const change = (index: number, by: number) => {
    for (let i = index + 1; i <= count; i += i & -i) tree[i] += by;
    size += by;
  };
  return {
    add: (index) => change(index, 1),
    remove: (index) => change(index, -1),
    at: (rank) => {
      let place = 0;
      for (let jump = top; jump >= 1; jump /= 2) {
        if (place + jump > count || tree[place + jump] > rank) continue;
        place += jump;
        rank -= tree[place];
      }
      return place;
    },
    size: () => size,
  };
}

interface MaxHeap {
  push(index: number, key: number): void;
  /** Index of the largest key, removed. */
  pop(): number;
  largest(): number;
  size(): number;
}

/** Indices by key, the largest on top. */
function maxHeap(capacity: number): MaxHeap {
  const keys = new Float64Array(capacity);
  const indices = new Int32Array(capacity);
  let size = 0;
  const put = (at: number, key: number, index: number) => [keys[at], indices[at]] = [key, index];
  return {
    push: (index, key) => {
      let at = size++;
      for (let above = (at - 1) >> 1; at > 0 && keys[above] < key; above = (at - 1) >> 1) {
        put(at, keys[above], indices[above]);
        at = above;
      }
      put(at, key, index);
    },
    pop: () => {
      const top = indices[0];
      const [key, index] = [keys[--size], indices[size]];
      let at = 0;
      for (let below = 1; below < size; below = 2 * at + 1) {
        if (below + 1 < size && keys[below + 1] > keys[below]) below++;
        if (keys[below] <= key) break;
        put(at, keys[below], indices[below]);
        at = below;
      }
      if (size > 0) put(at, key, index);
      return top;
    },
    largest: () => keys[0],
    size: () => size,
  };
}
