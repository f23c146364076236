/** What a chain's options mean: its plan, checked before anything runs; read alike by iterate and by sweeps. */
import type { Statistic } from "../../lib/distortion.ts";
import { type ChainPlan, checkMethod, checkTargets, geometricTargets } from "../../lib/iterate.ts";
import { architectureNamed } from "../../lib/models.ts";
import type { Refinement } from "../../lib/pipeline.ts";
import { type Protocol, type ProtocolData, protocolNamed } from "../../lib/protocols.ts";
import type { Recovery } from "../../lib/rd_curve/recovery.ts";
import {
  type Aim,
  checkAim,
  checkStages,
  parseRecovery,
  recoveryText,
  type Saliency,
  stagesText,
  type StatisticsWay,
} from "../../lib/recover.ts";
import { UsageError } from "../command_line.ts";
import { checkSaliency, isLayersModel } from "../options.ts";

/** As commander reads them. */
export interface PlanFlags {
  readonly model: string;
  readonly method: string;
  readonly protocol: string;
  readonly targets?: readonly number[];
  readonly rounds?: number;
  readonly seed: number;
  readonly statistic: Statistic;
  readonly curveRecovery: Recovery;
  readonly refine?: Refinement;
  readonly levels?: ChainPlan["levels"];
  readonly settle?: number;
  readonly recovery?: string;
  readonly statistics?: StatisticsWay;
  readonly stages?: number;
  readonly saliency?: Saliency;
  readonly aim?: Aim;
  readonly distill?: number;
  readonly fineTuning: boolean;
  readonly oneShot?: boolean;
  readonly images?: number;
  readonly testImages?: number;
  /** @default "cifar10" */
  readonly data?: ProtocolData;
  readonly epochs?: number;
  readonly batch?: number;
}

/**
 * @throws {UsageError} If a name is unknown, the targets do not rise, or options exclude each other.
 * @throws {RangeError} If the model is unknown.
 */
export function planOf(flags: PlanFlags): ChainPlan {
  const { model, method, seed, statistic, curveRecovery, refine = "none" } = flags;
  if ((flags.targets === undefined) === (flags.rounds === undefined)) {
    throw new UsageError("Cannot iterate: either --targets or --rounds must be given");
  }
  const targets = flags.targets ?? geometricTargets(flags.rounds!);
  if (!isLayersModel(model)) architectureNamed(model);
  try {
    checkTargets(targets);
    const plain = { method, protocol: protocolOf(flags), targets, seed, statistic, curveRecovery };
    const plan = {
      ...plain,
      ...(refine !== "none" && { refinement: refine }),
      ...(flags.levels && { levels: flags.levels }),
      ...(flags.settle && { settle: flags.settle }),
    };
    checkMethod(plan);
    return plan;
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** The named protocol; what the options change of it shows in its name, so that no result claims to be under it. */
function protocolOf(flags: PlanFlags): Protocol {
  const named = protocolNamed(flags.protocol, flags.model, flags.data);
  const changes = [
    recoveryChange(flags),
    statisticsChange(flags),
    stagesChange(flags),
    aimChange(flags),
    distillationChange(flags),
    tuningChange(flags),
    oneShotChange(flags),
    imagesChange(flags),
    recipeChange(flags, "epochs"),
    recipeChange(flags, "batch"),
    testImagesChange(flags),
  ].filter((change) => change !== null);
  if (changes.length === 0) return named;
  const changed = changes.reduce((protocol, { apply }) => apply(protocol), named);
  return { ...changed, name: `${named.name} with ${changes.map(({ text }) => text).join(", ")}` };
}

interface Change {
  /** In the protocol's name. */
  readonly text: string;
  readonly apply: (protocol: Protocol) => Protocol;
}

function recoveryChange({ recovery }: PlanFlags): Change | null {
  if (recovery === undefined) return null;
  const steps = parseRecovery(recovery);
  return {
    text: `recovery ${recoveryText(steps)}`,
    apply: (protocol) => {
      const samples = Math.max(protocol.recovery.samples, steps.length === 0 ? 0 : 512);
      return { ...protocol, recovery: { ...protocol.recovery, steps, samples } };
    },
  };
}

function statisticsChange({ statistics }: PlanFlags): Change | null {
  if (statistics === undefined) return null;
  return {
    text: `statistics ${statistics}`,
    apply: (protocol) => ({ ...protocol, recovery: { ...protocol.recovery, statistics } }),
  };
}

function stagesChange({ stages, saliency, recovery }: PlanFlags): Change | null {
  checkSaliency({ stages, saliency });
  if (stages === undefined) return null;
  checkStages(parseRecovery(recovery ?? "none"), stages);
  return {
    text: stagesText({ stages, saliency }),
    apply: (protocol) => ({
      ...protocol,
      recovery: { ...protocol.recovery, stages, ...(saliency !== undefined && { saliency }) },
    }),
  };
}

function aimChange({ aim, recovery }: PlanFlags): Change | null {
  if (aim === undefined) return null;
  checkAim(parseRecovery(recovery ?? "none"), aim);
  return {
    text: `aim ${aim}`,
    apply: (protocol) => ({ ...protocol, recovery: { ...protocol.recovery, aim } }),
  };
}

function distillationChange({ distill, fineTuning: isTuned }: PlanFlags): Change | null {
  if (distill === undefined) return null;
  if (!isTuned || !(distill >= 0 && distill <= 1)) {
    throw new UsageError("Cannot distill: --distill must lie in [0, 1] and needs fine-tuning");
  }
  return {
    text: `distillation ${distill}`,
    apply: (protocol) => ({ ...protocol, fineTuning: { ...protocol.fineTuning!, distillation: distill } }),
  };
}

function tuningChange({ fineTuning: isTuned }: PlanFlags): Change | null {
  return isTuned ? null : {
    text: "no fine-tuning",
    apply: (protocol) => ({ ...protocol, fineTuning: null }),
  };
}

function oneShotChange({ oneShot }: PlanFlags): Change | null {
  return oneShot
    ? { text: "each target in one shot", apply: (protocol) => ({ ...protocol, oneShot: true }) }
    : null;
}

function imagesChange({ images, fineTuning: isTuned }: PlanFlags): Change | null {
  if (images === undefined) return null;
  if (!isTuned) throw new UsageError("Cannot fine-tune on fewer images: --images needs fine-tuning");
  return {
    text: `${images} images a round`,
    apply: (protocol) => ({ ...protocol, fineTuning: { ...protocol.fineTuning!, images } }),
  };
}

function recipeChange(flags: PlanFlags, field: "epochs" | "batch"): Change | null {
  const value = flags[field];
  if (value === undefined) return null;
  if (!flags.fineTuning) throw new UsageError(`Cannot change the ${field}: --${field} needs fine-tuning`);
  return {
    text: `${field} ${value}`,
    apply: (protocol) => {
      const fineTuning = protocol.fineTuning!;
      return { ...protocol, fineTuning: { ...fineTuning, recipe: { ...fineTuning.recipe, [field]: value } } };
    },
  };
}

function testImagesChange({ testImages }: PlanFlags): Change | null {
  return testImages === undefined ? null : {
    text: `${testImages} test images`,
    apply: ({ interimImages, ...protocol }) => ({
      ...protocol,
      testImages,
      ...(interimImages !== undefined && { interimImages: Math.min(interimImages, testImages) }),
    }),
  };
}
