/** Dynamic programme over Pareto lists, for the levels that hull and swaps could not rule out. */

import { type Core, firstRowReaching, type SuffixTable, suffixTable } from "./core.ts";
import { stepsWithout } from "./hull.ts";
import { emptyStates, mergeStates, type StateList, trimStates } from "./states.ts";

/** Limits of the search; both count steps, so that a result never depends on the clock. */
export interface SearchLimits {
  /** States stored at most over all layers, at 8 bytes each. */
  readonly stateLimit: number;
  /** States and hull steps looked at before the search ends with the layer in hand. */
  readonly effortLimit: number;
}

/** What to search for. */
export interface SearchGoal {
  readonly budget: number;
  /** Distortion of the best allocation known. */
  readonly incumbent: number;
  /** What is less than this below the best one known counts as no better. */
  readonly tolerance: number;
}

/** The best allocation found, null if none beats the incumbent, and a bound on all that are better. */
export interface SearchResult {
  readonly choice: Int32Array | null;
  /** Every allocation of open entries has at least this much distortion, or is no better than the best known. */
  readonly lowerBound: number;
}

/** What is kept of a list to walk back through it. */
type Trace = Pick<StateList, "parent" | "entry">;

/** A feasible allocation: a stored state, one more entry, then `row` hull steps of the layers still to come. */
interface Completion {
  parent: number;
  entry: number;
  row: number;
  distortion: number;
}

/**
 * Searches all allocations of open entries that beat the incumbent by more than `tolerance`.
 *
 * Eqs. (9)-(12) with lists in place of a table: a state is a whole number saved that some partial allocation
 * reaches exactly, so nothing is rounded. A state goes if another saves as much for no more distortion, or if the
 * relaxed problem of the layers still to come shows that it cannot beat the best allocation known. Taking that
 * relaxation's last step whole gives an allocation, so the best one known improves on the way. Where a list outgrows
 * its share of `stateLimit` the states of least bound stay, and the lower bound remembers the others.
 */
export function searchLists(core: Core, goal: SearchGoal, limits: SearchLimits): SearchResult {
  const traces: Trace[] = []; // of the lists after stages 0, 1, 2 …
  let list = rootState(core);
  let steps = core.steps;
  let choice: Int32Array | null = null;
  let best = goal.incumbent;
  let lowerBound = Infinity; // of what was dropped for want of room
  let stored = 0;
  let effort = 0;
  for (let stage = 0; stage < core.layers.length && list.length > 0; stage++) {
    if (effort > limits.effortLimit) {
      lowerBound = Math.min(lowerBound, leastBound(list));
      break;
    }
    steps = stepsWithout(steps, core.layers[stage]);
    effort += list.length * core.entries[stage].length + steps.length;
    const suffix = suffixTable(core, steps, stage + 1);
    const width = listWidth(limits.stateLimit - stored, core.layers.length - stage);
    const completion: Completion = { parent: -1, entry: -1, row: -1, distortion: best };
    let next = emptyStates(0);
    for (const entry of core.entries[stage]) {
      const extended = extendStates(list, { core, entry, suffix, goal, completion });
      const { kept, dropped } = trimStates(mergeStates(next, extended), width);
      next = kept;
      lowerBound = Math.min(lowerBound, dropped);
    }
    if (completion.distortion < best) {
      best = completion.distortion;
      choice = completedChoice(core, traces, completion, suffix);
    }
    list = next;
    stored += list.length;
    traces.push({ parent: list.parent.slice(0, list.length), entry: list.entry.slice(0, list.length) });
  }
  return { choice, lowerBound: Math.min(best, lowerBound) };
}

/** The settled layers as one state. */
function rootState({ frontier, layers, lowest }: Core): StateList {
  const isSearched = new Set(layers);
  const root = emptyStates(1);
  lowest.forEach((entry, layer) => {
    if (isSearched.has(layer)) return;
    root.saved[0] += frontier.saved[entry];
    root.distortion[0] += frontier.distortion[entry];
  });
  return { ...root, length: 1 };
}

/** An eighth of the states left, more for the last eight lists: lists swell in the middle of the search. */
function listWidth(statesLeft: number, listsLeft: number): number {
  return Math.max(1, Math.floor(statesLeft / Math.min(listsLeft, 8)));
}

/** Adds one entry to every state, dropping those that cannot beat the best; improves `completion` in place. */
function extendStates(
  list: StateList,
  { core: { frontier }, entry, suffix, goal, completion }: {
    readonly core: Core;
    readonly entry: number;
    readonly suffix: SuffixTable;
    readonly goal: SearchGoal;
    readonly completion: Completion;
  },
): StateList {
  const extended = emptyStates(list.length);
  let length = 0;
  let row = firstRowReaching(suffix, goal.budget - list.saved[0] - frontier.saved[entry]);
  for (let k = 0; k < list.length; k++) {
    const saved = list.saved[k] + frontier.saved[entry];
    const distortion = list.distortion[k] + frontier.distortion[entry];
    const need = goal.budget - saved; // rises with k
    while (row < suffix.saved.length && suffix.saved[row] < need) row++;
    if (row === suffix.saved.length) break; // out of reach, and so are all that save less
    const whole = distortion + suffix.distortion[row];
    if (whole < completion.distortion) {
      Object.assign(completion, { parent: k, entry, row, distortion: whole });
    }
    // upwards from the step below: downwards from a wide step above, the bound's digits would cancel
    const bound = row === 0 ? whole : distortion + suffix.distortion[row - 1] +
      (need - suffix.saved[row - 1]) * suffix.steps.price[row - 1];
    if (bound > completion.distortion - goal.tolerance) continue;
    extended.saved[length] = saved;
    extended.distortion[length] = distortion;
    extended.bound[length] = bound;
    extended.parent[length] = k;
    extended.entry[length++] = entry;
  }
  return { ...extended, length };
}

/** Walks back from a completion: the lowest entries, the suffix's steps on top, then state by state to the root. */
function completedChoice(
  { lowest, layers }: Core,
  traces: readonly Trace[],
  { parent, entry, row }: Completion,
  suffix: SuffixTable,
): Int32Array {
  const choice = lowest.slice();
  for (let t = 0; t < row; t++) choice[suffix.steps.layer[t]] = suffix.steps.to[t];
  choice[layers[traces.length]] = entry;
  for (let stage = traces.length - 1, state = parent; stage >= 0; stage--) {
    choice[layers[stage]] = traces[stage].entry[state];
    state = traces[stage].parent[state];
  }
  return choice;
}

function leastBound({ bound, length }: StateList): number {
  return bound.subarray(0, length).reduce((least, value) => Math.min(least, value), Infinity);
}
