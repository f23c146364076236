/** Pareto lists of partial allocations. */

/**
 * Partial allocations of the layers seen so far, most saved first; distortion strictly falls with them.
 *
 * `parent` is the state of the list before that was extended by `entry`. Arrays may be longer than `length`.
 */
export interface StateList {
  readonly length: number;
  readonly saved: Float64Array;
  readonly distortion: Float64Array;
  /** No completion of the state has less distortion. */
  readonly bound: Float64Array;
  readonly parent: Int32Array;
  readonly entry: Int32Array;
}

export function emptyStates(capacity: number): StateList {
  return {
    length: 0,
    saved: new Float64Array(capacity),
    distortion: new Float64Array(capacity),
    bound: new Float64Array(capacity),
    parent: new Int32Array(capacity),
    entry: new Int32Array(capacity),
  };
}

/** Merges two lists and drops each state that another one dominates. Time O(a + b). */
export function mergeStates(a: StateList, b: StateList): StateList {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged = emptyStates(a.length + b.length);
  let length = 0;
  let least = Infinity; // distortion of the last state taken
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const takeA = j >= b.length || i < a.length && (
          a.saved[i] > b.saved[j] || a.saved[i] === b.saved[j] && a.distortion[i] <= b.distortion[j]
        );
    const from = takeA ? a : b;
    const k = takeA ? i++ : j++;
    if (from.distortion[k] < least) {
      least = from.distortion[k];
      copyState(from, k, merged, length++);
    }
  }
  return { ...merged, length };
}

/**
 * Keeps the `width` states of least bound; ties keep those that save more.
 *
 * @returns The shorter list, and the least bound among the dropped states (Infinity if none).
 */
export function trimStates(
  list: StateList,
  width: number,
): { readonly kept: StateList; readonly dropped: number } {
  if (list.length <= width) return { kept: list, dropped: Infinity };
  const sorted = list.bound.slice(0, list.length).sort();
  const limit = sorted[width]; // least bound that no longer fits
  let ties = width - sorted.indexOf(limit);
  const kept = emptyStates(width);
  let length = 0;
  for (let k = 0; k < list.length; k++) {
    if (list.bound[k] < limit || list.bound[k] === limit && ties-- > 0) copyState(list, k, kept, length++);
  }
  return { kept: { ...kept, length }, dropped: limit };
}

function copyState(from: StateList, k: number, to: StateList, at: number): void {
  to.saved[at] = from.saved[k];
  to.distortion[at] = from.distortion[k];
  to.bound[at] = from.bound[k];
  to.parent[at] = from.parent[k];
  to.entry[at] = from.entry[k];
}
