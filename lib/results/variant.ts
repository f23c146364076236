/** What a chain's method is called beside others. */
import { methodStyle } from "../charts/style.ts";
import type { RoundLine } from "../iterate/round_line.ts";

/** A method and what sets it apart from its plainest form. */
export function variantOf(
  { method, statistic, curveRecovery, refinement = "none", levels, settle = 0 }: Pick<
    RoundLine,
    "method" | "statistic" | "curveRecovery" | "refinement" | "levels" | "settle"
  >,
): string {
  const details = [
    ...(statistic === "mean" ? [] : [statistic]),
    ...(curveRecovery === "none" ? [] : [`${curveRecovery} curves`]),
    ...(refinement === "none" ? [] : [refinement.toUpperCase()]),
    ...(levels === undefined ? [] : [`${levels} levels`]),
    ...(settle === 0 ? [] : [`settled ${settle}×`]),
  ];
  const { name } = methodStyle(method);
  return details.length === 0 ? name : `${name}, ${details.join(", ")}`;
}
