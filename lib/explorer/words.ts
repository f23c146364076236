/** An answer in words: the line that is read aloud, and the rows of the table. */
import { methodStyle } from "../charts/style.ts";
import { formatPercent, formatShort } from "../tables/format.ts";
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

/** What is left of a cost in its unit, with its share of the dense network's. */
export function leftText(cost: ExplorerCost, left: number, dense: number): string {
  const power = [1e9, 1e6, 1e3].find((least) => left >= least) ?? 1;
  const prefix = { 1e9: "G", 1e6: "M", 1e3: "k", 1: "" }[power];
  const unit = [prefix, cost === "bytes" ? "B" : ""].join("");
  return `${[formatShort(left / power), unit].join(" ").trim()} (${formatPercent(left / dense)})`;
}
