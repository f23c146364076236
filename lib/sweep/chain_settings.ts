/** The chains that a sweep's configuration means, and what each is called. */
import type { ChainEntry, SweepConfiguration } from "./configuration.ts";

/** What one chain is told. */
export type ChainSettings = Omit<ChainEntry, "methods" | "seeds" | "protocol"> & {
  readonly method: string;
  readonly seed: number;
  readonly protocol: string;
};

/** One chain for each entry, method and seed; names are not looked up here. */
export function chainSettings({ defaults, chains }: SweepConfiguration): ChainSettings[] {
  return chains.flatMap((entry) => {
    const { methods, seeds, protocol = "scaled", ...rest } = {
      ...defaults,
      ...targetsOnce(defaults, entry),
      ...entry,
    };
    return methods.flatMap((method) => seeds.map((seed) => ({ ...rest, method, seed, protocol })));
  });
}

/** An entry's own rounds stand in for the default targets, and the other way round. */
function targetsOnce(defaults: SweepConfiguration["defaults"], { targets, rounds }: ChainEntry) {
  const isOwn = targets !== undefined || rounds !== undefined;
  return isOwn ? { targets, rounds } : { targets: defaults?.targets, rounds: defaults?.rounds };
}

/** Says what the chain is, and what differs from the plainest: a file name without anything to be quoted. */
export function chainName(settings: ChainSettings): string {
  const {
    model,
    method,
    protocol,
    statistic,
    curveRecovery,
    recovery,
    statistics,
    stages,
    saliency,
    aim,
    distill,
  } = settings;
  const parts = [
    model,
    method,
    statistic === "mean" ? undefined : statistic,
    curveRecovery === undefined || curveRecovery === "none" ? undefined : `${curveRecovery}-curves`,
    settings.refine === "none" ? undefined : settings.refine,
    settings.levels,
    settings.settle === undefined ? undefined : `settled${settings.settle}`,
    protocol,
    recovery === undefined ? undefined : recovery === "none" ? "unrecovered" : recovery,
    statistics,
    stages === undefined ? undefined : `stages${stages}`,
    saliency === "magnitude" ? undefined : saliency,
    aim === "layer" ? undefined : aim,
    distill === undefined ? undefined : `distilled${distill}`,
    settings.fineTuning === false ? "untuned" : undefined,
    settings.oneShot ? "one-shot" : undefined,
    settings.label,
    `seed${settings.seed}`,
  ];
  return parts.filter((part) => part !== undefined)
    .map((part) => part.replace(/\+$/, "-plus").replace(/[^\w.-]+/g, "-")).join("_");
}
