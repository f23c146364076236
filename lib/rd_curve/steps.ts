/** In which pieces requests are measured: what must be done together, one piece after another. */
import type { Requests } from "./measurement.ts";
import type { Recovery } from "./recovery.ts";

/** Of the solved weights of one layer that are held at once. */
export const SOLVED_BYTES = 64 * 2 ** 20;

const FLOAT_BYTES = 4;

/**
 * Each step goes through all micro-batches before the next begins.
 *
 * Without least squares that is one step of all layers, which share each pass through the dense network. With it a
 * layer's weights are solved over all inputs before any of them is measured: one layer a step, and no more levels of it
 * than {@link SOLVED_BYTES} hold, at the price of a pass through the dense network a step.
 */
export function measurementSteps(
  layers: readonly { readonly name: string; readonly weights: number }[],
  requests: Requests,
  recovery: Recovery,
): Requests[] {
  if (recovery !== "lsq") return [requests];
  return layers.flatMap(({ name, weights }) => {
    const counts = requests.get(name) ?? [];
    const group = Math.max(1, Math.floor(SOLVED_BYTES / (weights * FLOAT_BYTES)));
    return Array.from(
      { length: Math.ceil(counts.length / group) },
      (_, k): Requests => new Map([[name, counts.slice(k * group, (k + 1) * group)]]),
    );
  });
}
