/** Lets timers and signals run between two pieces of long work, and ends the work where its reader stopped it. */
import { setImmediate } from "node:timers";

/** Milliseconds between two waits for a timer: they cost about a hundredth of the time. */
const WAIT_EVERY = 250;

let stops = 0;

/** Asks every computation under way to end at its next step; one that begins later is not concerned. */
export function stopComputations(): void {
  stops++;
}

/**
 * Begins to watch for Stop.
 *
 * @returns What a computation calls at each of its steps.
 * @throws {DOMException} From what is returned, an `AbortError`, if {@linkcode stopComputations} was called since.
 */
export function watchForStop(): () => void {
  const before = stops;
  return () => {
    if (stops !== before) throw new DOMException("Cannot go on: the cell was stopped", "AbortError");
  };
}

/**
 * Begins a long computation.
 *
 * The engine computes synchronously, so a loop that only awaits its results never lets a progress bar draw, Stop be
 * heard, or Ctrl-C arrive. Call what this returns once per step of a few milliseconds or more: it yields to the event
 * loop, and throws as that of {@linkcode watchForStop} does.
 */
export function createBreather(): () => Promise<void> {
  const check = watchForStop();
  let waited = performance.now();
  return async () => {
    const now = performance.now();
    // Deno looks for signals at one in 61 immediates; at every timer, but that costs two milliseconds.
    if (now - waited < WAIT_EVERY) await new Promise<void>((resolve) => setImmediate(resolve));
    else {
      waited = now;
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    check();
  };
}
