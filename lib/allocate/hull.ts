/** The relaxed problem: layers may mix two levels, so lower convex hulls and one price per unit of cost solve it. */

import { type Frontier, sumOver } from "./frontier.ts";

/** Steps along the layers' lower convex hulls, each from one entry to the next, cheapest first; columns of one table. */
export interface HullSteps {
  readonly length: number;
  readonly layer: Int32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Cost the step saves in addition; above 0. */
  readonly saved: Float64Array;
  /** Distortion it adds; above 0. */
  readonly distortion: Float64Array;
  /** distortion / saved: the slope of the hull. */
  readonly price: Float64Array;
}

/** Solution of the relaxed problem at one budget. */
export interface Relaxation {
  /** Price per unit saved at which the budget is met, the Lagrange multiplier of the budget. */
  readonly price: number;
  /** Least distortion of the relaxed problem: no allocation has less. */
  readonly lowerBound: number;
  /** Entries that minimise distortion − price · saved, the cheaper end where two do; may miss the budget. */
  readonly base: Int32Array;
  /** The same with the step that crosses the budget taken whole: feasible. */
  readonly rounded: Int32Array;
}

/**
 * Every step of every layer's hull, cheapest first; ties in layer order.
 *
 * A hull rises in price by itself, so merging layers pairwise sorts them all. Time O(l S log l).
 *
 * @param isOpen Entries to build on; all by default.
 */
export function hullSteps(frontier: Frontier, isOpen?: Uint8Array): HullSteps {
  const steps = emptySteps(frontier.saved.length);
  const ends = new Int32Array(frontier.layerCount + 1);
  for (let layer = 0; layer < frontier.layerCount; layer++) {
    ends[layer + 1] = appendHull(steps, ends[layer], frontier, layer, isOpen);
  }
  return takeSteps(steps, mergedOrder(steps.price, ends));
}

/** The steps of all layers but one, in their order. */
export function stepsWithout(steps: HullSteps, layer: number): HullSteps {
  const order = new Int32Array(steps.length);
  let length = 0;
  for (let t = 0; t < steps.length; t++) if (steps.layer[t] !== layer) order[length++] = t;
  return takeSteps(steps, order.subarray(0, length));
}

function emptySteps(capacity: number): HullSteps {
  return {
    length: 0,
    layer: new Int32Array(capacity),
    from: new Int32Array(capacity),
    to: new Int32Array(capacity),
    saved: new Float64Array(capacity),
    distortion: new Float64Array(capacity),
    price: new Float64Array(capacity),
  };
}

function takeSteps(steps: HullSteps, order: Int32Array): HullSteps {
  const taken = { ...emptySteps(order.length), length: order.length };
  for (let t = 0; t < order.length; t++) {
    const k = order[t];
    taken.layer[t] = steps.layer[k];
    taken.from[t] = steps.from[k];
    taken.to[t] = steps.to[k];
    taken.saved[t] = steps.saved[k];
    taken.distortion[t] = steps.distortion[k];
    taken.price[t] = steps.price[k];
  }
  return taken;
}

/** Writes the hull of one layer from row `bottom` on. @returns The row after its last step. */
function appendHull(
  steps: HullSteps,
  bottom: number,
  { start, saved, distortion }: Frontier,
  layer: number,
  isOpen?: Uint8Array,
): number {
  let end = bottom;
  let from = -1; // where the next step starts
  for (let to = start[layer]; to < start[layer + 1]; to++) {
    if (isOpen !== undefined && isOpen[to] === 0) continue;
    if (from >= 0) {
      while (end > bottom && steps.price[end - 1] >= priceBetween(from, to)) from = steps.from[--end]; // not convex
      steps.layer[end] = layer;
      steps.from[end] = from;
      steps.to[end] = to;
      steps.saved[end] = saved[to] - saved[from];
      steps.distortion[end] = distortion[to] - distortion[from];
      steps.price[end] = priceBetween(from, to);
      end++;
    }
    from = to;
  }
  return end;

  function priceBetween(a: number, b: number): number {
    return (distortion[b] - distortion[a]) / (saved[b] - saved[a]);
  }
}

/** Rows by price, stable; those between two neighbouring ends are sorted already. */
function mergedOrder(price: Float64Array, ends: Int32Array): Int32Array {
  let order = Int32Array.from({ length: ends[ends.length - 1] }, (_, row) => row);
  let spare = new Int32Array(order.length);
  for (let runs = ends; runs.length > 2;) {
    const merged = new Int32Array(Math.ceil((runs.length - 1) / 2) + 1);
    for (let r = 0; r + 1 < runs.length; r += 2) {
      const [low, middle] = [runs[r], runs[r + 1]];
      const high = r + 2 < runs.length ? runs[r + 2] : middle;
      for (let at = low, a = low, b = middle; at < high; at++) {
        const takeA = b >= high || a < middle && price[order[a]] <= price[order[b]];
        spare[at] = order[takeA ? a++ : b++];
      }
      merged[r / 2 + 1] = high;
    }
    [order, spare, runs] = [spare, order, merged];
  }
  return order;
}

/**
 * Solves the relaxed problem: walk the steps, cheapest first, until the budget is met.
 *
 * @param steps All hull steps of the frontier, as {@linkcode hullSteps} orders them; they must reach the budget.
 */
export function relax(frontier: Frontier, steps: HullSteps, budget: number): Relaxation {
  const base = frontier.start.slice(0, frontier.layerCount);
  let saved = sumOver(frontier.saved, base);
  let taken = 0;
  while (saved < budget && saved + steps.saved[taken] <= budget) {
    base[steps.layer[taken]] = steps.to[taken];
    saved += steps.saved[taken++];
  }
  const distortion = sumOver(frontier.distortion, base);
  if (saved >= budget) return { price: 0, lowerBound: distortion, base, rounded: base };
  const price = steps.price[taken];
  const rounded = base.with(steps.layer[taken], steps.to[taken]);
  return { price, lowerBound: distortion + price * (budget - saved), base, rounded };
}
