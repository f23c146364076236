/** Tells on standard error which step runs and for how long. Standard output stays empty. */
import process from "node:process";

export interface StepProgress {
  detail(text: string): void;
  /** Ends the step's line with its time and a word or two. */
  done(result: string): void;
}

const TICK_MS = 1000;
const LINE_EVERY_MS = 15_000;

/**
 * Announces a step. A terminal gets one line that is drawn anew each second, anything else a line at the start,
 * at the end, and every 15 seconds between.
 */
export function startProgress(label: string, isTerminal = process.stderr.isTTY === true): StepProgress {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  let current = "";
  let lastLine = start;
  const draw = () => {
    const line = `${label} … ${seconds()}${current && `, ${current}`}`;
    if (isTerminal) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
    else if (performance.now() - lastLine >= LINE_EVERY_MS) {
      process.stderr.write(`${line}\n`);
      lastLine = performance.now();
    }
  };
  if (isTerminal) draw();
  else process.stderr.write(`${label} …\n`);
  const timer = setInterval(draw, TICK_MS);
  return {
    detail: (text) => current = text,
    done: (result) => {
      clearInterval(timer);
      process.stderr.write(`${isTerminal ? "\r\x1b[K" : ""}${label}: ${result}, ${seconds()}\n`);
    },
  };
}
