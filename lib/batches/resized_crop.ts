/** The random part of a photograph that is shown in training. */
import type { Prng } from "../prng.ts";

/** Pixels, within the image. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Shares of the image's area (Szegedy et al. 2015). */
const [LEAST_AREA, MOST_AREA] = [0.08, 1];

/** Width by height; its logarithm is drawn evenly between those of 1 / WIDEST_ASPECT and WIDEST_ASPECT. */
const WIDEST_ASPECT = 4 / 3;

const TRIES = 10;

/**
 * A box of 8 to 100 % of the area and an aspect of 3/4 to 4/3, anywhere in the image.
 *
 * As in torchvision's RandomResizedCrop: area and aspect are drawn up to ten times until the box fits; then the largest one
 * of a permitted aspect is taken from the centre.
 *
 * @param size Height and width of the image.
 */
export function resizedCrop([height, width]: readonly [number, number], prng: Prng): Box {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = height * width * (LEAST_AREA + (MOST_AREA - LEAST_AREA) * prng.next());
    const aspect = WIDEST_ASPECT ** (2 * prng.next() - 1);
    const wide = Math.round(Math.sqrt(area * aspect));
    const tall = Math.round(Math.sqrt(area / aspect));
    if (wide < 1 || tall < 1 || wide > width || tall > height) continue;
    return { top: prng.int(height - tall + 1), left: prng.int(width - wide + 1), height: tall, width: wide };
  }
  const wide = Math.max(1, Math.min(width, Math.round(height * WIDEST_ASPECT)));
  const tall = Math.max(1, Math.min(height, Math.round(width * WIDEST_ASPECT)));
  return {
    top: Math.floor((height - tall) / 2),
    left: Math.floor((width - wide) / 2),
    height: tall,
    width: wide,
  };
}
