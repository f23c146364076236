/** Lets timers and signals run between two pieces of long work. */
import { setImmediate } from "node:timers";

/**
 * Yields to the event loop.
 *
 * The engine computes synchronously, so a loop that only awaits its results never lets a progress bar draw, a
 * notebook interrupt it, or Ctrl-C arrive. Call this once per step of a few milliseconds or more.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
