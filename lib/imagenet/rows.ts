/** The allocations that the paper's ImageNet tables compare, as rows with names. */
import type { Allocation, Allocator } from "../allocation.ts";
import { allocate } from "../allocate.ts";
import { ternarySearch, withoutOutliers } from "../algorithm1.ts";
import { allocatorNamed } from "../baselines.ts";
import { curvesUnder } from "../curves_under.ts";
import type { Network } from "../network.ts";
import { paperTable } from "../paper.ts";
import { allocationProblem } from "../pipeline.ts";
import type { CurvesFile } from "../rd_files.ts";
import { relativeCurves } from "../relative_curves.ts";
import { allocateToMacs, remainingMacsOf } from "../results/budget_for_macs.ts";
import { formatPercent } from "../tables/format.ts";

/** In the order in which they are measured. */
export const IMAGENET_TABLES = ["tab6", "tab4", "tab3", "tab2"] as const;
export type ImagenetTable = typeof IMAGENET_TABLES[number];

/** Curves of one network; those that are null leave their rows out. */
export interface ImagenetCurves {
  /** Of the logits, on photographs. */
  readonly images: CurvesFile;
  /** On white noise: Tab. 3. */
  readonly whiteNoise: CurvesFile | null;
  /** On noise that drives the stem as images do: Tab. 3. */
  readonly matchedNoise: CurvesFile | null;
  /** Of each layer's own output: Tab. 4. */
  readonly singleLayer: CurvesFile | null;
}

/** What a table compares under one name. */
export interface ImagenetRow {
  readonly table: ImagenetTable;
  /** Unique in its table. */
  readonly name: string;
  readonly method: string;
  /** Sparsity asked for. */
  readonly target: number;
  readonly allocation: Allocation;
  /** Run that measured the curves which the predicted distortion is of; null where their file does not say. */
  readonly curvesRun: string | null;
}

const ON_IMAGENET = { where: ({ dataset }: { readonly dataset: string }) => dataset === "ImageNet" };

/**
 * All rows of some tables, at the paper's sparsities.
 *
 * - `tab6`, 60 %: mean and worst-case curves, with outlier filtering and without, by the exact search and by the ternary
 *   search of the paper;
 * - `tab4`, 60 %: joint and single-layer objective, and the latter relative to each layer's largest level;
 * - `tab3`, 50 %: curves on images, on noise, and LAMP;
 * - `tab2`, its sparsities: ours, LAMP, global, uniform; and ours with as few multiply–accumulates as LAMP leaves at the
 *   largest of them, which the paper's table does not have.
 *
 * @throws As {@linkcode allocationProblem} and {@linkcode curvesUnder}: if curves are of another network, or lack the worst
 * case.
 */
export function imagenetRows(
  network: Network,
  curves: ImagenetCurves,
  tables: readonly ImagenetTable[] = IMAGENET_TABLES,
): ImagenetRow[] {
  return IMAGENET_TABLES.filter((table) => tables.includes(table)).flatMap((table) =>
    ROWS[table](network, curves)
  );
}

type RowMaker = (network: Network, curves: ImagenetCurves) => ImagenetRow[];

const ROWS: Readonly<Record<ImagenetTable, RowMaker>> = {
  tab6: (network, { images }) => {
    const target = sparsitiesOf("tab6")[0];
    const worst = curvesUnder(images, "worst", network);
    const statistics = [["mean", images], ["worst", worst]] as const;
    const filters = [["", (allocator: Allocator) => allocator], [", OF", onFiltered]] as const;
    const searches = [["exact", "ours", allocate], ["ternary", "ternary", ternarySearch]] as const;
    return searches.flatMap(([search, method, allocator]) =>
      statistics.flatMap(([statistic, curves]) =>
        filters.map(([suffix, filter]) =>
          rowOf({ table: "tab6", name: `${search}, ${statistic}${suffix}`, method, target }, curves, {
            network,
            allocator: filter(allocator),
          })
        )
      )
    );
  },
  tab4: (network, { images, singleLayer }) => {
    const target = Math.max(...sparsitiesOf("tab4"));
    const kinds = [
      ["joint", "ours", images],
      ["single-layer", "single-layer", singleLayer],
      ["single-layer, relative", "single-layer-relative", singleLayer && relativeCurves(singleLayer)],
    ] as const;
    return kinds.flatMap(([name, method, curves]) =>
      curves === null ? [] : [rowOf({ table: "tab4", name, method, target }, curves, { network })]
    );
  },
  tab3: (network, { images, whiteNoise, matchedNoise }) => {
    const target = sparsitiesOf("tab3")[0];
    const sources = [["images", images], ["white noise", whiteNoise], [
      "matched noise",
      matchedNoise,
    ]] as const;
    return [
      ...sources.flatMap(([source, curves]) =>
        curves === null
          ? []
          : [rowOf({ table: "tab3", name: `ours, ${source}`, method: "ours", target }, curves, { network })]
      ),
      ruledRow({ table: "tab3", name: "LAMP", method: "lamp", target }, images, network),
    ];
  },
  tab2: (network, { images }) => {
    const targets = sparsitiesOf("tab2");
    const rows = targets.flatMap((target) => {
      const at = formatPercent(target);
      return [
        rowOf({ table: "tab2", name: `Ours, ${at}`, method: "ours", target }, images, { network }),
        ...([["LAMP", "lamp"], ["Global", "global"], ["Uniform", "uniform"]] as const).map(([name, method]) =>
          ruledRow({ table: "tab2", name: `${name}, ${at}`, method, target }, images, network)
        ),
      ];
    });
    const name = `LAMP, ${formatPercent(targets[targets.length - 1])}`;
    return [...rows, atMacsOf(rows.find((row) => row.name === name)!, network, images)];
  },
};

/** Ours with as few multiply–accumulates as a rival leaves. */
function atMacsOf(rival: ImagenetRow, network: Network, curves: CurvesFile): ImagenetRow {
  const { layers } = curves;
  const share = remainingMacsOf(rival.allocation, layers);
  const toMacs: Allocator = (problem) => allocateToMacs(allocate, problem, { layers, share });
  const head = {
    table: rival.table,
    name: `Ours, MACs of ${rival.name}`,
    method: "ours",
    target: rival.target,
  };
  const row = rowOf(head, curves, { network, allocator: toMacs });
  return { ...row, target: row.allocation.sparsity };
}

type RowHead = Pick<ImagenetRow, "table" | "name" | "method" | "target">;

function rowOf(
  head: RowHead,
  curves: CurvesFile,
  { network, allocator = allocate }: { readonly network: Network; readonly allocator?: Allocator },
): ImagenetRow {
  const { runId } = curves.provenance;
  const allocation = allocator(allocationProblem(curves, head.target, network));
  return { ...head, allocation, curvesRun: typeof runId === "string" ? runId : null };
}

/** By a rule that ranks weights: the curves only tell what it costs. */
function ruledRow(head: RowHead, curves: CurvesFile, network: Network): ImagenetRow {
  return rowOf(head, curves, { network, allocator: allocatorNamed(head.method) });
}

/** The paper's pruned networks in a table, ascending, each sparsity once. */
function sparsitiesOf(table: ImagenetTable): number[] {
  const records: readonly { readonly network: string; readonly sparsity: number }[] =
    paperTable(table, ON_IMAGENET).records;
  const own = records.filter(({ network, sparsity }) => network === "ResNet-50" && sparsity > 0);
  return [...new Set(own.map(({ sparsity }) => sparsity))].sort((a, b) => a - b);
}

/** A search that outliers are kept from. */
function onFiltered(allocator: Allocator): Allocator {
  return (problem) => allocator({ ...problem, layers: problem.layers.map(withoutOutliers) });
}
