/** The dense network as a line across: a reference, not a rival. */
import type { ScatterTrace } from "./figure.ts";
import { DENSE_STYLE, REFERENCE_LINE } from "./style.ts";

/** Its top-1 from one end of the x axis to the other. */
export function denseTrace(dense: number, ends: readonly [number, number]): ScatterTrace {
  return {
    type: "scatter",
    mode: "lines",
    name: DENSE_STYLE.name,
    x: ends,
    y: [dense, dense],
    line: REFERENCE_LINE,
    hovertemplate: "%{y:.2%}",
  };
}
