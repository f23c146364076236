/** The curve files of the ImageNet experiments: which there are, and whether they are of this network and of the right kind. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ImageFolder } from "../../lib/image_folder.ts";
import type { ImagenetCurves } from "../../lib/imagenet/rows.ts";
import { checkDisjoint, type PhotographSplit } from "../../lib/imagenet/split.ts";
import { checkCurvesNetwork } from "../../lib/pipeline.ts";
import { projectPath } from "../../lib/root.ts";
import { type CurvesFile, readCurves } from "../../lib/rd_files.ts";
import type { OpenedNetwork } from "../options.ts";

/** Kinds of curves by option, what their file's name ends in, and what of `deno task curves` makes them. */
const KINDS = {
  curves: { ending: "", flags: "--data imagenet --root DIR" },
  whiteNoiseCurves: { ending: "_white_noise", flags: "--data noise" },
  matchedNoiseCurves: { ending: "_matched_noise", flags: "--data matched-noise" },
  singleLayerCurves: {
    ending: "_single_layer",
    flags: "--data imagenet --root DIR --objective single-layer",
  },
} as const;

type CurvesKind = keyof typeof KINDS;

/** Paths that the user named. */
export type CurveFlags = { readonly [Kind in CurvesKind]?: string };

export interface FoundCurves {
  readonly curves: ImagenetCurves;
  /** Of each file that is neither there nor named: what makes it. */
  readonly notes: readonly string[];
}

/**
 * Reads the files that are named, and of the others those that are in `data/curves`.
 *
 * @throws {FileError} If a named file, or that of the photographs' curves, cannot be read.
 * @throws {TypeError} If curves are of another network or of another objective.
 * @throws {RangeError} If they were measured on test photographs.
 */
export function openCurves(
  flags: CurveFlags,
  { network, weightsSha256 }: OpenedNetwork,
  { folder, split }: { readonly folder: ImageFolder; readonly split: PhotographSplit },
): FoundCurves {
  const notes: string[] = [];
  const open = (kind: CurvesKind): CurvesFile | null => {
    const shown = join("data", "curves", `${network.model}${KINDS[kind].ending}.json`);
    const path = flags[kind] ?? projectPath(shown);
    if (flags[kind] === undefined && kind !== "curves" && !existsSync(path)) {
      notes.push(
        `${shown} is not there, its rows are left out; made by: deno task curves --model ${network.model} ` +
          `${KINDS[kind].flags} --out ${shown}`,
      );
      return null;
    }
    const file = readCurves(path);
    checkKind(path, file, kind);
    checkCurvesNetwork(file, { model: network.model, weightsSha256 }, path);
    checkDisjoint(String(file.provenance.protocol), folder, split);
    return file;
  };
  return {
    curves: {
      images: open("curves")!,
      whiteNoise: open("whiteNoiseCurves"),
      matchedNoise: open("matchedNoiseCurves"),
      singleLayer: open("singleLayerCurves"),
    },
    notes,
  };
}

function checkKind(path: string, { objective = "joint" }: CurvesFile, kind: CurvesKind): void {
  const expected = kind === "singleLayerCurves" ? "single-layer" : "joint";
  if (objective === expected) return;
  throw new TypeError(`Cannot use ${path}: its objective must be ${expected}, got ${objective}`);
}
