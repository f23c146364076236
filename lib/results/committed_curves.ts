/** The curves of `data/curves`, by name, and what its README says of the networks they were measured on. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { denseWeightsPath } from "../project.ts";
import { type CurvesFile, readCurves } from "../rd_files.ts";
import { readText, sha256 } from "../store.ts";
import { projectPath, taskNamed } from "../root.ts";

/** A row of the README's table. */
export interface CommittedCurves {
  /** The file's name without its ending. */
  readonly name: string;
  /** How the network was trained, in words. */
  readonly training: string;
  /** Its top-1 on the test images, as the README writes it. */
  readonly top1: string;
}

export interface CurvesFolder {
  /** @default data/curves */
  readonly folder?: string;
}

/**
 * Measured curves that are kept with the project.
 *
 * @param name Such as `resnet32`.
 * @throws {RangeError} If there is no such file (those there are, and the command that makes curves, are named).
 */
export function committedCurves(
  name: string,
  { folder = projectPath("data", "curves") }: CurvesFolder = {},
): CurvesFile {
  const path = join(folder, `${name}.json`);
  if (existsSync(path)) return readCurves(path);
  const there = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  const names = there.map((file) => file.replace(/\.json$/, "")).sort().join(", ") || "none";
  throw new RangeError(
    `Cannot find curves "${name}": there are ${names}; ${
      taskNamed(`curves --out data/curves/${name}.json`)
    } makes them`,
  );
}

/**
 * What networks the committed curves are of, from the table in the README beside them.
 *
 * @throws {TypeError} If the README has no such table.
 */
export function committedCurvesList(
  { folder = projectPath("data", "curves") }: CurvesFolder = {},
): CommittedCurves[] {
  const path = join(folder, "README.md");
  const rows = readText(path).split("\n").flatMap((line) => {
    const [file, network, top1, samples] = line.split("|").slice(1, -1).map((cell) => plain(cell));
    return samples && file.endsWith(".json")
      ? [{ name: file.replace(/\.json$/, ""), training: network, top1 }]
      : [];
  });
  if (rows.length > 0) return rows;
  throw new TypeError(
    `Cannot read ${path}: it must have a table with a row for each curves file, it has none`,
  );
}

/** Whether curves were measured on the very checkpoint that `loadDenseNetwork` loads, by the SHA-256 of its file. */
export function isOfCheckpoint(
  { model, provenance }: Pick<CurvesFile, "model" | "provenance">,
  { path = denseWeightsPath(model) }: { readonly path?: string } = {},
): boolean {
  return provenance.weightsSha256 === sha256(readFileSync(path));
}

/**
 * A line of Markdown for a reader: on which network committed curves were measured, and what brings them up to date.
 *
 * @param name As for {@linkcode committedCurves}.
 */
export function checkpointNote(
  name: string,
  options: CurvesFolder & { readonly path?: string } = {},
): string {
  const curves = committedCurves(name, options);
  const { model, samples } = curves;
  if (isOfCheckpoint(curves, options)) {
    return `The committed curves \`${name}\` (N = ${samples}) were measured on the checkpoint used here.`;
  }
  return `> **Note.** The committed curves \`${name}\` were measured on an _earlier_ checkpoint of ${model}: what is live ` +
    `here and they are of two networks. \`deno task curves --model ${model} --samples ${samples} --out ` +
    `data/curves/${name}.json\` measures them anew.`;
}

/** A cell of Markdown without its links and code marks. */
function plain(cell: string): string {
  return cell.trim().replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
