/** A curve between its measured levels: monotone cubic over the energy that pruning removes. */
import { monotoneCubic } from "../monotone_cubic.ts";

/** Of the curve's largest value: below it a distortion counts as 0. */
const NEGLIGIBLE = 1e-12;

/**
 * Distortion at every level from that at some.
 *
 * Interpolates log δ over log E, E = Σ of the pruned w²: known at every level, and to first order δ is proportional to
 * it (random errors add up), so the curve is close to a straight line of slope 1 and a relative error is the same
 * anywhere on it. Below the first measured level it is that line.
 *
 * @param energies E at every level, never falling; where it is 0, so is δ.
 * @param known Indices of the measured levels, ascending.
 * @param values δ there, at least 0; handed back unchanged at those levels.
 * @returns δ at every level up to the last measured one and beyond (as a line), at least 0.
 */
export function interpolateCurve(
  energies: readonly number[],
  known: readonly number[],
  values: readonly number[],
): number[] {
  const points = known.map((level, k) => ({ level, energy: energies[level], value: values[k] }))
    .filter(({ energy }, k, all) => energy > 0 && energy > (all[k - 1]?.energy ?? 0));
  const measured = new Map(known.map((level, k) => [level, values[k]]));
  const largest = Math.max(0, ...values);
  if (largest === Infinity) {
    return energies.map((energy, level) => measured.get(level) ?? (energy > 0 ? Infinity : 0));
  }
  if (points.length === 0 || largest === 0) return energies.map((_, level) => measured.get(level) ?? 0);
  const epsilon = NEGLIGIBLE * largest;
  const curve = monotoneCubic(
    points.map(({ energy }) => Math.log(energy)),
    points.map(({ value }) => Math.log(value + epsilon)),
  );
  const first = points[0];
  return energies.map((energy, level) => {
    const known = measured.get(level);
    if (known !== undefined) return known;
    if (energy === 0) return 0;
    if (energy <= first.energy) return first.value * energy / first.energy;
    return Math.max(0, Math.exp(curve(Math.log(energy))) - epsilon);
  });
}
