/** An answer in words: the line that is read aloud, and the rows of the table. */
import { methodStyle } from "../charts/style.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
import type { Answer, ExplorerCost, MethodAnswer, OurAnswer } from "./explore.ts";
import { COST_NAMES } from "./figures.ts";

/** Between levels a curve is read off a line, where a rival may lie lower. */
export const PROVED = "proved least on the curves' levels";

/** What is known of ours, which takes levels alone: that it is least, or how far it may be from the least. */
export function certificateText({ proved, gap }: Pick<OurAnswer, "proved" | "gap">): string {
  if (proved) return PROVED;
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

/** How much more distortion than ours: `1.71 ×`; where it is less, whether that was read between levels. */
export function timesText({ distortion, isBetweenLevels }: MethodAnswer, ours: MethodAnswer): string {
  if (distortion === ours.distortion) return "1 ×";
  if (ours.distortion === 0) return "–";
  const how = distortion < ours.distortion && isBetweenLevels ? ", between levels" : "";
  return `${formatShort(distortion / ours.distortion)} ×${how}`;
}

/** What is left of a cost in its unit, with its share of the dense network's. */
export function leftText(cost: ExplorerCost, left: number, dense: number): string {
  const power = [1e9, 1e6, 1e3].find((least) => left >= least) ?? 1;
  const prefix = { 1e9: "G", 1e6: "M", 1e3: "k", 1: "" }[power];
  const unit = [prefix, cost === "bytes" ? "B" : ""].join("");
  return `${[formatShort(left / power), unit].join(" ").trim()} (${formatPercent(left / dense)})`;
}
