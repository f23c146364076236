/** One line of progress in a notebook, written again in place. */
import { escapeMarkup } from "../markup.ts";
import { findKernel, type Kernel } from "./kernel.ts";

/** Milliseconds between two messages: notebooks drop what comes faster. */
const INTERVAL = 400;

/** What a long computation reports to. */
export interface ProgressDisplay {
  /** Call as often as you like; only a few of the calls are shown. */
  update(done: number, total: number, note?: string): void;
  /** Shows the last state and the time it took. */
  finish(note?: string): Promise<void>;
}

/** Options of {@linkcode progressDisplay}; a test hands in its own. */
export interface ProgressOptions {
  /** @default {the kernel around} */
  readonly kernel?: Kernel | null;
  /** Milliseconds. @default {() => performance.now()} */
  readonly now?: () => number;
}

/**
 * Shows a bar with done, total and time left, at most a few times a second; nothing where there is no kernel.
 *
 * A message that cannot be sent is dropped: progress never fails the computation it tells of.
 */
export function progressDisplay(title: string, options: ProgressOptions = {}): ProgressDisplay {
  const { kernel = findKernel(), now = () => performance.now() } = options;
  if (kernel === null) return { update() {}, finish: () => Promise.resolve() };
  const write = kernel.updatable();
  const start = now();
  let shownAt = -Infinity;
  let state = { done: 0, total: 0 };
  let queue = Promise.resolve();

  function send(line: string, share: number): void {
    const bundle = { "text/html": barHtml(title, line, share), "text/plain": `${title}: ${line}` };
    queue = queue.then(() => write(bundle)).catch(() => {});
  }

  return {
    update(done, total, note = "") {
      state = { done, total };
      if (now() - shownAt < INTERVAL) return;
      shownAt = now();
      const elapsed = (shownAt - start) / 1000;
      const left = done > 0 ? `${duration(elapsed / done * (total - done))} left` : "";
      send(joined(count(done, total), left, note), total > 0 ? done / total : 0);
    },
    finish(note = "") {
      const { done, total } = state;
      const took = duration((now() - start) / 1000);
      send(joined(count(done, total), `took ${took}`, note), total > 0 ? done / total : 1);
      return queue;
    },
  };
}

/** `4.2 s`, `3 min 05 s`, `2 h 07 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function count(done: number, total: number): string {
  return total > 0 ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
}

function joined(...parts: string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}

function barHtml(title: string, line: string, share: number): string {
  const value = Math.round(1000 * Math.min(1, Math.max(0, share))) / 1000;
  return `<div class="rd-progress"><progress value="${value}" max="1" aria-label="${
    escapeMarkup(title)
  }"></progress> ` +
    `${escapeMarkup(title)}: ${escapeMarkup(line)}</div>`;
}
