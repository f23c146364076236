/** The engine's benchmark as tables. */
import type { Cell, Column, Table } from "../../lib/tables.ts";
import type { EngineBench, StepTimes } from "./engine_file.ts";
import type { Spread } from "./statistics.ts";

const MEGABYTE = 2 ** 20;

/** Speeds beside the peer's, one line per network and case. */
export function speedTable({ cases, repetitions, seconds, machine, peer, ceiling }: EngineBench): Table {
  const isMixed = cases.some(({ name }) => name.includes("bfloat16"));
  const speed = (name: string): Column => ({ name, unit: "images/s", align: "right" });
  return {
    caption: `Median (least–most) of ${repetitions} alternating repetitions of ${seconds} s, float32` +
      `${
        isMixed ? " unless the case says otherwise" : ""
      }, ${machine.threads} threads, ${machine.processor}; PyTorch ${peer.torch}; ceiling ${
        ceiling.toFixed(0)
      } GFLOP/s`,
    columns: [
      { name: "network" },
      { name: "case" },
      speed("ours"),
      speed("PyTorch"),
      { name: "ratio", align: "right" },
      { name: "ours", unit: "GFLOP/s", digits: 0 },
      { name: "of the ceiling", unit: "%", digits: 0 },
      { name: "PyTorch's setting" },
    ],
    rows: cases.map(({ model, name, ours, peer, ratio, gflops, ceilingShare, peerSetting }): Cell[] => [
      model,
      name,
      spreadText(ours),
      spreadText(peer),
      spreadText(ratio, 2),
      gflops,
      ceilingShare,
      peerSetting,
    ]),
  };
}

function spreadText({ min, median, max }: Spread, digits?: number): string {
  const text = (value: number) => value.toFixed(digits ?? (value < 10 ? 1 : 0));
  return `${text(median)} (${text(min)}–${text(max)})`;
}

/** Start, tensors, resident memory and JavaScript's share, one line each. */
export function limitsTable({ start, memory, steps }: EngineBench): Table {
  const rows: Cell[][] = steps.map(({ model, batch, javascriptShare }) => [
    `JavaScript's share of a training step, ${model}, batch ${batch}`,
    `${(100 * javascriptShare).toFixed(1)} %`,
  ]);
  if (start) rows.push(["engine start, from import to self-check", `${spreadText(start, 2)} s`]);
  if (memory) {
    const { model, batch, tensorsBefore, tensorsAfter, tensorSteps, residentMin, residentMax } = memory;
    const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(0);
    rows.push(
      [`tensors before and after ${tensorSteps} training steps`, `${tensorsBefore}, ${tensorsAfter}`],
      [
        `resident memory over ${memory.steps} training steps, ${model}, batch ${batch}`,
        `${megabytes(residentMin)}–${megabytes(residentMax)} MiB, ` +
        `${(memory.residentSlope / MEGABYTE).toFixed(1)} MiB per 1,000 steps`,
      ],
    );
  }
  return { caption: "", columns: [{ name: "measured" }, { name: "result" }], rows };
}

/** One step's time by libtensorflow's operation, JavaScript last. */
export function operationsTable(
  { model, batch, steps, seconds, javascriptShare, operations }: StepTimes,
): Table {
  const rows = operations.map(({ name, calls, seconds: own }): Cell[] => [
    name,
    calls / steps,
    1000 * own / steps,
    own / seconds,
  ]);
  rows.push(["JavaScript", null, 1000 * seconds * javascriptShare / steps, javascriptShare]);
  rows.push(["all", null, 1000 * seconds / steps, 1]);
  return {
    caption: `A training step of ${model}, batch ${batch}, by operation`,
    columns: [
      { name: "operation" },
      { name: "calls" },
      { name: "time", unit: "ms", digits: 2 },
      { name: "share", unit: "%", digits: 1 },
    ],
    rows,
  };
}
