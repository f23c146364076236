/** `bench allocate` in words, and as a table for the README. */
import type { Cell, Column, Table } from "../../lib/tables.ts";
import { percent } from "../command_line.ts";
import type { AllocateBench, AllocateResult, PeerResult } from "../../lib/results/allocate_bench.ts";
import type { TailedSpread } from "./statistics.ts";

/** One line per instance: time and certificate of ours, then what the paper's ways take and lose at the same budgets. */
export function allocateTable({ results, provenance }: AllocateBench): Table {
  const right = (name: string): Column => ({ name, align: "right" });
  return {
    caption:
      `Milliseconds, median (99th percentile): ${provenance.protocol}, on ${provenance.processor}; for these ` +
      "ways also the median excess of their distortion over ours",
    columns: [
      { name: "curves" },
      right("layers × levels"),
      right("optimum"),
      right("proved"),
      right("largest gap"),
      right("slider"),
      right("whole front"),
      right("Algorithm 1"),
      right("ternary search"),
    ],
    rows: results.map((result): Cell[] => [
      `${result.instance}, ${result.curves.split(/[:,]/)[0]}`,
      `${result.layers} × ${result.levels}`,
      milliseconds(result.optimumMs),
      `${result.proved} of ${result.budgets}`,
      result.gap.max === 0 ? "0" : `${(100 * result.gap.max).toFixed(4)} %`,
      milliseconds(result.sliderMs),
      milliseconds(result.frontMs),
      peerText(result, "algorithm1"),
      peerText(result, "ternary"),
    ]),
  };
}

function milliseconds({ median, p99 }: TailedSpread): string {
  const text = (value: number) => value.toFixed(value < 10 ? 1 : 0);
  return `${text(median)} (${text(p99)})`;
}

function peerText({ peers }: AllocateResult, name: string): Cell {
  const peer = peers.find((each) => each.peer === name);
  return peer === undefined ? null : `${milliseconds(peer.ms)}, +${percent(peer.excess.median)}`;
}

/** All that was measured on one instance, in a few lines of text. */
export function describeResult(result: AllocateResult): string {
  const ms = ({ min, median, p99 }: TailedSpread) =>
    [min, median, p99].map((value) => value.toFixed(2)).join(" / ");
  return [
    `${result.instance}: ${result.layers} layers × ${result.levels} levels, ${result.budgets} budgets, ${result.curves}`,
    `  optimum  ${ms(result.optimumMs)} ms (min / median / p99; cold ${result.coldMs.toFixed(1)}), ` +
    `${result.proved} of ${result.budgets} proved, largest gap ${result.gap.max.toExponential(1)}: ` +
    (result.goalMet ? "goal met" : "GOAL MISSED"),
    `  slider   ${ms(result.sliderMs)} ms, largest gap ${result.sliderGap.max.toExponential(1)}`,
    `  front    ${ms(result.frontMs)} ms, ${result.frontPoints} budgets`,
    ...result.peers.map(describePeer),
  ].join("\n");

  function describePeer({ peer, ms: time, timeRatio, excess }: PeerResult): string {
    const three = ({ min, median, max }: TailedSpread, text: (value: number) => string) =>
      [min, median, max].map(text).join(" / ");
    const ratio = three(timeRatio, (value) => value.toFixed(1));
    return `  ${peer.padEnd(15)} ${ms(time)} ms, ${ratio} times ours, excess distortion ${
      three(excess, percent)
    }`;
  }
}
