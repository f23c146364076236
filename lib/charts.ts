/**
 * Results as charts: pure functions from what a command wrote to a plotly figure with a text alternative and its
 * numbers as a table. `show` displays one; `staticSvg` draws one without scripts.
 *
 * @module
 */
export { accuracyChart } from "./charts/accuracy.ts";
export { curveChart, type Curves, curvesChart } from "./charts/curves.ts";
export { type ComparedCurve, curveComparisonChart } from "./charts/curve_comparison.ts";
export { type CurvePanel, curvePanelsChart, layerSpread, normalisedCurves } from "./charts/curve_panels.ts";
export { type Effect, effectsChart, type EffectsChartOptions } from "./charts/effects.ts";
export { frontChart, type FrontPlace } from "./charts/front.ts";
export { identityChart, type IdentityPoint } from "./charts/identity.ts";
export { rivalsChart, type RivalsChartOptions } from "./charts/rivals.ts";
export { scalingChart, type ScalingSeries } from "./charts/scaling.ts";
export { spreadChart, type SpreadSeries } from "./charts/spread.ts";
export { type Cost, costChart } from "./charts/costs.ts";
export { type LayerPanel, layerPanelsChart } from "./charts/layer_panels.ts";
export { sparsityChart } from "./charts/sparsity.ts";
export { tradeoffChart, type TradeoffOptions } from "./charts/tradeoff.ts";
export { readTrainingLog } from "./charts/training_log.ts";
export { type TrainingLog, trainingLogsChart } from "./charts/training_logs.ts";
export { tuningChart } from "./charts/tuning.ts";
export { DENSE_STYLE, METHOD_STYLES, type MethodStyle, methodStyle } from "./charts/style.ts";
export { plotlyText } from "./charts/text.ts";
export {
  type Axis,
  type BarTrace,
  type Colorbar,
  type Colorscale,
  type Coordinate,
  type Figure,
  isFigure,
  type Layout,
  type ScatterTrace,
  type Trace,
} from "./charts/figure.ts";
