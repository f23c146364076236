/** How a long computation ends when the reader stops its cell; the two kernels leave different halves of that undone. */
import type { EventEmitter } from "node:events";

export interface Supervision {
  /**
   * Call at every report of progress.
   *
   * @throws {RangeError} If the cell was stopped.
   */
  check(): void;
  /** Call when the computation has ended. */
  end(): void;
}

/** What scripts/tslab/kernel.cjs makes of Jupyter's SIGINT. */
export const STOP_EVENT = "rd-pruning:stop";

/**
 * tslab stops waiting for the cell, but lets what it started go on: so it ends at its next report.
 *
 * Not by the signal itself: tslab takes its listeners away while a cell starts, and one that is added just then makes
 * the next signal kill the process.
 */
export function superviseInTslab(events: EventEmitter): Supervision {
  let isStopped = false;
  const stop = () => isStopped = true;
  events.on(STOP_EVENT, stop);
  return {
    check() {
      if (isStopped) throw new RangeError("Cannot go on: the cell was stopped");
    },
    end: () => events.off(STOP_EVENT, stop),
  };
}

const POLL = 500; // milliseconds
const MOST_COLLECTIONS = 10;

/**
 * Deno ends what the cell started at once, without a last word, but says so only when the cell's promise is collected as
 * garbage, and an idle kernel collects none: so garbage is collected while a computation is silent, a few times.
 *
 * @param collect Forces a collection: `gc`, which the kernelspec exposes.
 */
export function superviseInDeno(collect: () => void): Supervision {
  let polls = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const end = () => (clearInterval(timer), timer = undefined);
  const poll = () => {
    polls++;
    if (polls > 1) collect(); // the first may come right after a report
    if (polls > MOST_COLLECTIONS) end();
  };
  const check = () => {
    polls = 0;
    timer ??= setInterval(poll, POLL);
  };
  check();
  return { check, end };
}
