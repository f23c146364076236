/** On how much committed curves rest: a line for a reader who compares what was chosen on them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "../root.ts";
import { formatShort } from "../tables/format.ts";
import { committedCurves, type CurvesFolder } from "./committed_curves.ts";

/**
 * Inputs and measured levels of curves, in words; files that are not there are left out.
 *
 * @param names Of files in the folder, as for {@linkcode committedCurves}.
 */
export function curvesEffort(
  names: readonly string[],
  { folder = projectPath("data", "curves") }: CurvesFolder = {},
): string {
  const told = names.filter((name) => existsSync(join(folder, `${name}.json`))).map((name) => {
    const { samples, levels, layers } = committedCurves(name, { folder });
    const measured = layers.reduce((sum, { knots }) => sum + (knots ?? levels).length, 0) / layers.length;
    return `\`${name}\`: N = ${samples}, ${
      formatShort(measured)
    } of ${levels.length} levels a layer measured`;
  });
  return `Curves behind it. ${told.length === 0 ? "None are there" : told.join("; ")}.`;
}
