/** Colours between colours. */
import type { Colorscale } from "./figure.ts";

/**
 * The colour at a place of a scale, mixed in sRGB between its neighbours.
 *
 * @param scale Stops `[place, "#RRGGBB"]`, places ascending from 0 to 1.
 * @param place In [0, 1]; what lies outside gets the end's colour.
 */
export function colourAt(scale: Colorscale, place: number): string {
  const right = scale.findIndex(([stop]) => stop >= place);
  if (right <= 0) return scale[right === 0 ? 0 : scale.length - 1][1];
  const [[low, from], [high, to]] = [scale[right - 1], scale[right]];
  const share = (place - low) / (high - low);
  const mixed = channels(from).map((value, i) => Math.round(value + share * (channels(to)[i] - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** A colour `#RRGGBB` that lets the ground through. */
export function pale(colour: string, opacity = 0.22): string {
  return `rgba(${channels(colour).join(",")},${opacity})`;
}
