/** The list programme under two limits: states are what is saved of both costs. */

import { sumOver } from "./frontier.ts";
import type { SearchLimits } from "./list_programme.ts";
import { type Dual, type PairFrontier, pricedCost } from "./two_limits.ts";

/** What to search for; `incumbent` is null where no allocation that keeps both limits is known. */
export interface PairGoal {
  readonly dual: Dual;
  readonly least: readonly [number, number];
  readonly incumbent: Int32Array | null;
  readonly tolerance: number;
}

/** A partial choice over the layers seen so far, as a link to the one it extends. */
interface State {
  readonly first: number;
  readonly second: number;
  readonly distortion: number;
  /** Sum of the reduced costs so far: the bound is this above the dual's. */
  readonly reducedCost: number;
  readonly parent: State | null;
  readonly entry: number;
}

/** Open entries of one layer, by reduced cost. */
interface OpenLayer {
  readonly layer: number;
  readonly entries: readonly { readonly entry: number; readonly reducedCost: number }[];
}

/**
 * Searches the entries that reduced cost leaves open, layer by layer, widest first.
 *
 * A state goes if another saves as much of both for no more distortion, if its bound reaches the best known, or if the
 * layers to come cannot save what is missing. Completing each state by the cheapest priced entries gives allocations
 * on the way. Where a list outgrows its share of the limits, the states of least bound stay and the lower bound
 * remembers the others.
 *
 * @returns A better choice, or null; the bound is Infinity where nothing keeps both limits.
 */
export function searchPairs(
  frontier: PairFrontier,
  { dual, least, incumbent, tolerance }: PairGoal,
  { stateLimit, effortLimit }: SearchLimits,
): { readonly choice: Int32Array | null; readonly lowerBound: number } {
  const { distortion, saved: [first, second] } = frontier;
  let best = incumbent === null ? Infinity : sumOver(distortion, incumbent);
  const layers = openLayers(frontier, dual, best - dual.lowerBound - tolerance);
  const suffix = suffixReach(frontier, layers);
  const width = listWidth(layers, { stateLimit, effortLimit });
  let states: State[] = [
    { first: 0, second: 0, distortion: 0, reducedCost: 0, parent: null, entry: -1 },
  ];
  let found: { readonly state: State; readonly stage: number } | null = null;
  let dropped = Infinity;
  for (let stage = 0; stage < layers.length; stage++) {
    const { most, cheapest } = suffix[stage + 1];
    const next: State[] = [];
    for (const parent of states) {
      for (const { entry, reducedCost } of layers[stage].entries) {
        const state: State = {
          first: parent.first + first[entry],
          second: parent.second + second[entry],
          distortion: parent.distortion + distortion[entry],
          reducedCost: parent.reducedCost + reducedCost,
          parent,
          entry,
        };
        if (dual.lowerBound + state.reducedCost > best - tolerance) break; // entries come by reduced cost
        if (state.first + most.first < least[0] || state.second + most.second < least[1]) continue;
        const whole = state.distortion + cheapest.distortion;
        if (
          whole < best && state.first + cheapest.first >= least[0] &&
          state.second + cheapest.second >= least[1]
        ) {
          best = whole;
          found = { state, stage };
        }
        next.push(state);
      }
    }
    const trimmed = trim(undominated(next), width);
    states = trimmed.kept;
    dropped = Math.min(dropped, dual.lowerBound + trimmed.dropped);
  }
  const choice = found && completed(layers, found.state, found.stage);
  return { choice, lowerBound: Math.min(best, dropped) };
}

/** So many states per list that all lists, with what is tried to fill them, stay within the limits. */
function listWidth(layers: readonly OpenLayer[], { stateLimit, effortLimit }: SearchLimits): number {
  const tried = layers.reduce((sum, { entries }) => sum + entries.length, 0);
  return Math.max(1, Math.floor(Math.min(stateLimit / (10 * layers.length), effortLimit / tried))); // a state is ten numbers
}

function openLayers(frontier: PairFrontier, { prices }: Dual, room: number): OpenLayer[] {
  const { layerCount, start } = frontier;
  const layers = Array.from({ length: layerCount }, (_, layer): OpenLayer => {
    const entries: { entry: number; reducedCost: number }[] = [];
    for (let entry = start[layer]; entry < start[layer + 1]; entry++) {
      entries.push({ entry, reducedCost: pricedCost(frontier, prices, entry) });
    }
    const least = entries.reduce((a, { reducedCost }) => Math.min(a, reducedCost), Infinity);
    const open = entries.map(({ entry, reducedCost }) => ({ entry, reducedCost: reducedCost - least }))
      .filter(({ reducedCost }) => reducedCost === 0 || reducedCost < room)
      .sort((a, b) => a.reducedCost - b.reducedCost);
    return { layer, entries: open };
  });
  const span = ({ entries }: OpenLayer) => {
    const saved = entries.map(({ entry }) => frontier.saved[0][entry]);
    return Math.max(...saved) - Math.min(...saved);
  };
  const spans = new Map(layers.map((open) => [open, span(open)]));
  return layers.sort((a, b) => spans.get(b)! - spans.get(a)!);
}

/** What the layers from each stage on save at most, and what their cheapest entries give together. */
function suffixReach({ saved: [first, second], distortion }: PairFrontier, layers: readonly OpenLayer[]) {
  const none = { first: 0, second: 0, distortion: 0 };
  const suffix = [{ most: none, cheapest: none }];
  for (const { entries } of layers.toReversed()) {
    const { most, cheapest } = suffix[suffix.length - 1];
    const { entry } = entries[0];
    suffix.push({
      most: {
        first: most.first + Math.max(...entries.map(({ entry }) => first[entry])),
        second: most.second + Math.max(...entries.map(({ entry }) => second[entry])),
        distortion: 0,
      },
      cheapest: {
        first: cheapest.first + first[entry],
        second: cheapest.second + second[entry],
        distortion: cheapest.distortion + distortion[entry],
      },
    });
  }
  return suffix.reverse();
}

/** Drops what another state dominates: by most of the first cost, against a staircase of the second. */
function undominated(states: State[]): State[] {
  states.sort((a, b) => b.first - a.first || b.second - a.second || a.distortion - b.distortion);
  const stairs: State[] = []; // second falls, distortion falls
  return states.filter((state) => {
    let at = 0; // stairs before it save at least as much of the second cost
    for (let high = stairs.length; at < high;) {
      const middle = (at + high) >> 1;
      if (stairs[middle].second >= state.second) at = middle + 1;
      else high = middle;
    }
    if (at > 0 && stairs[at - 1].distortion <= state.distortion) return false;
    let end = at; // steps that the state makes needless
    while (end < stairs.length && stairs[end].distortion >= state.distortion) end++;
    const from = at > 0 && stairs[at - 1].second === state.second ? at - 1 : at;
    stairs.splice(from, end - from, state);
    return true;
  });
}

/** The `width` states of least bound, and the least reduced cost among the others. */
function trim(
  states: State[],
  width: number,
): { readonly kept: State[]; readonly dropped: number } {
  if (states.length <= width) return { kept: states, dropped: Infinity };
  states.sort((a, b) => a.reducedCost - b.reducedCost);
  return { kept: states.slice(0, width), dropped: states[width].reducedCost };
}

/** Entry of every layer: along the parents, and the cheapest of the layers after them. */
function completed(layers: readonly OpenLayer[], last: State, stage: number): Int32Array {
  const choice = new Int32Array(layers.length);
  for (const { layer, entries } of layers.slice(stage + 1)) choice[layer] = entries[0].entry;
  let at = stage;
  for (let state = last; state.parent !== null; state = state.parent) {
    choice[layers[at--].layer] = state.entry;
  }
  return choice;
}
