/** An answer in words: the line that is read aloud, and the rows of the table. */
import { methodStyle } from "../charts/style.ts";
import { formatNumber, formatPercent, formatShort } from "../tables/format.ts";
import type { Answer, ExplorerCost, MethodAnswer, OurAnswer } from "./explore.ts";
import { COST_NAMES } from "./figures.ts";

/** What is known of ours: "proved least", or how far it may be from the least. */
export function certificateText({ proved, gap }: Pick<OurAnswer, "proved" | "gap">): string {
  if (proved) return "proved least";
  return gap < Infinity ? `at most ${formatShort(100 * gap)} % above the least` : "no bound";
}

/** One sentence: what was asked, what ours predicts, and the best rival. */
export function answerText(cost: ExplorerCost, saving: number, { ours, rivals }: Answer): string {
  const asked = `At least ${formatPercent(saving)} of the ${COST_NAMES[cost]} saved`;
  const own = `ours predicts a distortion of ${formatShort(ours.distortion)}, ${certificateText(ours)}`;
  const best = rivals.filter((rival) => rival !== null).sort((a, b) => a.distortion - b.distortion)[0];
  if (best === undefined) return `${asked}: ${own}.`;
  return `${asked}: ${own}; the best rival, ${methodStyle(best.method).name}, ${
    formatShort(best.distortion)
  } (${timesText(best, ours)}).`;
}

/** How much more distortion than ours: `1.71 ×`. */
export function timesText({ distortion }: MethodAnswer, ours: MethodAnswer): string {
  if (distortion === ours.distortion) return "1 ×";
  return ours.distortion === 0 ? "–" : `${formatShort(distortion / ours.distortion)} ×`;
}

/** What is left of a cost, with its share of the dense network's. */
export function leftText(cost: ExplorerCost, left: number, dense: number): string {
  const share = formatPercent(left / dense);
  if (cost === "weights") return `${formatNumber(left)} (${share})`;
  const [divisor, unit] = cost === "bytes"
    ? (dense >= 1e6 ? [1e6, "MB"] : [1e3, "kB"])
    : (dense >= 1e6 ? [1e6, "M"] : [1, ""]);
  return `${formatShort(left / divisor)} ${unit}`.trim() + ` (${share})`;
}
