/**
 * Layer-adaptive pruning by rate–distortion curves: how far may each layer of a network be pruned?
 *
 * Measure each layer's curve, add the curves up, and choose the sparsities that cost least for a given total.
 *
 * In a notebook, Stop ends whatever measures, trains, recovers or evaluates at its next step, with a DOMException named
 * `AbortError`.
 *
 * @example Prune four fifths of a network
 * ```ts
 * import { allocate, allocationProblem, architectureNamed, calibrationNoise, createPrng, curvesFile, evenLevels,
 *   initialise, loadEngine, masksFor, measureCurves, provenance, pruneNetwork, summariseSparsity } from "./mod.ts";
 *
 * const engine = await loadEngine();
 * const network = initialise(architectureNamed("resnet32"), createPrng(1)); // or loadNetwork("my.safetensors")
 * const calibration = calibrationNoise(network, { samples: 2, seed: 1 });
 * const curves = await measureCurves(engine, network, calibration, { levels: evenLevels(3) });
 * const origin = provenance({ engine: engine.name, seed: 1, protocol: "example", samples: 2 });
 * const allocation = allocate(allocationProblem(curvesFile(curves, "mean", origin), 0.8));
 * const pruned = pruneNetwork(network, masksFor(network, allocation));
 * if (!(summariseSparsity(pruned).sparsity >= 0.8)) throw new RangeError("not pruned");
 * ```
 *
 * @module
 */

// Engine and networks
export { type Engine, type EngineName, ENGINES, loadEngine } from "./engine.ts";
export type { Precision } from "./engine/precision.ts";
export {
  type Architecture,
  initialise,
  type Network,
  type PrunableLayer,
  prunableLayers,
  withWeights,
} from "./network.ts";
export { architectureNamed, MODEL_NAMES } from "./models.ts";
export { loadNetwork, saveNetwork, saveSparseNetwork } from "./checkpoint.ts";

// Networks from elsewhere, and back
export { type ImportedModel, importLayersModel, type ImportOptions } from "./import_layers_model.ts";
export { exportLayersModel } from "./export_layers_model.ts";
export { PIXEL_SCALINGS, type PixelScaling, pixelScaling } from "./pixel_scalings.ts";
export { type PrunedModel, prunedModelTable, pruneModel, type PruneModelOptions } from "./prune_model.ts";
export { exampleImages, exampleModel } from "./notebook/example_model.ts";

// Images
export { type ImageFolder, listImageFolder } from "./image_folder.ts";
export {
  type BrokenImage,
  folderCalibration,
  type ImageReader,
  openImageReader,
  readImages,
  shuffledFolder,
  sliceFolder,
} from "./image_reader.ts";
export { type PhotographSplit, splitPhotographs } from "./imagenet/split.ts";
export { type ImagenetAtHand, imagenetAtHand } from "./notebook/imagenet_at_hand.ts";
export { CIFAR10_CLASSES } from "./cifar10_facts.ts";
export { type ImageSet, sliceImages } from "./cifar10.ts";
export {
  calibrationImages,
  calibrationMatchedNoise,
  calibrationNoise,
  type CalibrationSet,
  calibrationTensors,
} from "./calibration_set.ts";
export { loadCifar10, loadDenseNetwork, loadImagenetResnet50, outputPath } from "./project.ts";

// Curves, allocation, pruning
export { type Statistic, statisticOf, STATISTICS } from "./distortion.ts";
export { filterOutliers, monotoneHull } from "./filter_outliers.ts";
export { bandWidths } from "./band_widths.ts";
export { relativeCurves } from "./relative_curves.ts";
export { thinCurves } from "./thin_curves.ts";
export { firstOrderMeter } from "./rd_curve/first_order.ts";
export type { Objective } from "./rd_curve/measurement.ts";
export type { Meter } from "./rd_curve/meter.ts";
export type { Recovery } from "./rd_curve/recovery.ts";
export {
  type CurveOptions,
  curvesBy,
  distortionFrom,
  evenLevels,
  fineLevels,
  type Levels,
  measureCurves,
  measureDistortion,
  type RdCurve,
  type RdCurves,
} from "./rd_curve.ts";
export { allocationFile, allocationProblem, curvesFile } from "./pipeline.ts";
export { curvesUnder } from "./curves_under.ts";
export {
  type Allocation,
  type AllocationCost,
  type AllocationProblem,
  type Allocator,
  budgetForSparsity,
  type Constraints,
  type CostLimit,
  type CostTable,
  type ProblemLayer,
  reachableInterval,
} from "./allocation.ts";
export { allocate, allocationSlider, crossingLayers, type FrontPoint, hullFront } from "./allocate.ts";
export { bruteForce, enumerateAllocations, type EnumeratedAllocation } from "./allocate/enumerate.ts";
export { byteCosts, macCosts, timeCosts, type TimeTable, weightCosts } from "./costs.ts";
export { algorithm1, type GridOptions, ternarySearch, withoutOutliers } from "./algorithm1.ts";
export { allocatorNamed, ALLOCATORS, surp } from "./baselines.ts";
export { magnitudeMask } from "./mask.ts";
export { keptMasks, type Masks, masksFor, pruneNetwork, summariseSparsity } from "./prune.ts";
export { severedAt } from "./severed.ts";
export { recover, RECOVERY_STEPS, recoveryImages, type RecoveryStep } from "./recover.ts";

export { accuracyOf, accuracyText, type OneShotResult, pruneOneShot } from "./one_shot.ts";
export {
  type AdditivityResult,
  auditAdditivity,
  type AuditedPlan,
  auditPairs,
  auditRandomAllocations,
} from "./additivity.ts";
export { type AdditivityFit, fitAdditivity, kendallTau } from "./additivity_fit.ts";
export {
  compareTried,
  type NamedAllocation,
  type TriedAllocation,
  tryAllocations,
} from "./tried_allocations.ts";
export { type AdjacentPair, auditAdjacentPairs } from "./adjacent_pairs.ts";
export { type ApproximationError, approximationErrors } from "./approximation.ts";

// Training and evaluation
export { evaluate, evaluateSource, type Evaluation, type LabelledSource } from "./evaluate.ts";
export {
  continueTraining,
  DEFAULT_RECIPE,
  type Recipe,
  startTraining,
  trainedNetwork,
} from "./training_state.ts";
export { train } from "./train.ts";
export { createTeacher } from "./distill.ts";
export { softLabels } from "./soft_labels.ts";
export { finetune } from "./finetune.ts";
export { usableNetwork } from "./dpf.ts";
export { type Protocol, PROTOCOL_NAMES, protocolNamed } from "./protocols.ts";
export { type ChainPlan, geometricTargets, iterate, type RoundResult } from "./iterate.ts";
export { averageNetworks } from "./average.ts";
export { reestimateBatchNorm } from "./batch_norm.ts";

// Artefacts, randomness, parameters
export {
  type CurvesFile,
  type FrontFile,
  readAllocation,
  readCurves,
  readTimes,
  writeAllocation,
  writeCurves,
  writeFront,
} from "./rd_files.ts";
export { sparseSize } from "./sparse_size.ts";
export { fileSizes } from "./sparse_file.ts";
export { type Provenance, provenance } from "./provenance.ts";
export { createPrng, type Prng } from "./prng.ts";

// A notebook's size, and what it need not compute twice
export { type Chosen, type Mode, modeLine, MODES, parameters, type Sizes } from "./notebook/modes.ts";
export { cached } from "./notebook/cached.ts";
export { stopwatch } from "./notebook/stopwatch.ts";
export { type Claim, judge, type JudgedClaim, paperClaims, type Verdict } from "./notebook/claims.ts";

// What long runs left
export {
  type AllocateBench,
  type AllocateVerification,
  readAllocateBench,
  readAllocateVerification,
} from "./results/allocate_bench.ts";
export { type CurvesBench, readCurvesBench } from "./results/curves_bench.ts";
export { curvesEffort } from "./results/curves_effort.ts";
export { type CurveWork, curveWork, curveWorkTable } from "./results/curve_work.ts";
export { type GridExcess, gridExcess, gridExcessTable } from "./results/grid_excess.ts";
export { processor } from "./rd_curve/processor.ts";
export { type AllocationName, committedAllocation } from "./results/committed_allocations.ts";
export {
  checkpointNote,
  type CommittedCurves,
  committedCurves,
  committedCurvesList,
  isOfCheckpoint,
} from "./results/committed_curves.ts";

// Charts and tables, and showing them
export { crossingAt, medianOf, powerLawExponent, quantileOf } from "./quantiles.ts";
export { rankCorrelation } from "./rank_correlation.ts";
export {
  compareByMcNemar,
  compareOverRuns,
  type McNemarComparison,
  type PairedComparison,
} from "./paired_runs.ts";
export { meanAndDeviation, wilsonInterval } from "./statistics.ts";
export {
  accuracyChart,
  type ComparedCurve,
  type Cost,
  costChart,
  curveChart,
  curveComparisonChart,
  type CurvePanel,
  curvePanelsChart,
  curvesChart,
  type Effect,
  effectsChart,
  type EffectsChartOptions,
  type Figure,
  frontChart,
  type FrontPlace,
  identityChart,
  type IdentityPoint,
  type LayerPanel,
  layerPanelsChart,
  layerSpread,
  readTrainingLog,
  rivalsChart,
  type RivalsChartOptions,
  scalingChart,
  type ScalingSeries,
  sparsityChart,
  spreadChart,
  type SpreadSeries,
  tradeoffChart,
  type TradeoffOptions,
  trainingLogsChart,
  tuningChart,
} from "./charts.ts";
export { additivityFitsTable } from "./tables/additivity_fits.ts";
export { triedTable } from "./tables/tried_allocations.ts";
export {
  accuracyTable,
  allocationTable,
  formatInterval,
  formatPercent,
  formatPoints,
  type Table,
  tableHtml,
  tableText,
} from "./tables.ts";
export { additivityTable, layersTable } from "./tables/results.ts";
export { rivalsByTarget, topsByTarget } from "./tables/by_target.ts";
export { resultsTable, type ResultsTableOptions, rivalsTable } from "./tables/chain_summaries.ts";
export { dataFrame } from "./tables/data_frame.ts";
export { chainResults, type ChainRound } from "./results/chain_results.ts";
export { type ChainSummary, type Stage, summariseChains } from "./results/chain_summaries.ts";
export {
  compareChains,
  compareTrials,
  compareWithRivals,
  counterpart,
  type RivalComparison,
  type Standing,
  verdictOf,
} from "./results/comparisons.ts";
export { allocateToMacs, type LayerMacs, remainingMacsOf } from "./results/budget_for_macs.ts";
export { chainAllocation } from "./results/chain_allocations.ts";
export { type StepsSaved, stepsSaved, type TuningCurve, tuningCurves } from "./results/tuning_curves.ts";
export { searchExcess, searchExcessTable } from "./results/search_excess.ts";
export { liveChain } from "./results/live_chain.ts";
export { type Trial, type TrialPlan, trialPoints, tryRecoveries } from "./trials.ts";
export { pairTrials, type TrialPair, trialPairsTable, trialPairsText, trialsTable } from "./tables/trials.ts";
export { type ImagenetTrial, type ImagenetTrials, imagenetTrials } from "./results/imagenet_trials.ts";
export { imagenetTrialsTable } from "./tables/imagenet_trials.ts";
export {
  missingChains,
  type PlannedChain,
  type SweepResults,
  sweepResults,
} from "./results/sweep_results.ts";
export { paperNetwork } from "./paper/names.ts";
export { type PaperRow, type PaperTable, paperTable, type PaperTableName } from "./paper.ts";
export type { ExplorerData } from "./explorer/data.ts";
export { explorer, type ExplorerOptions } from "./explorer/prepare.ts";
export { type ProgressDisplay, progressDisplay, show } from "./show.ts";
