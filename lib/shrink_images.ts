/** Smaller images for the cheap first epochs of a training run. */
import type { ImageSet } from "./cifar10.ts";
import type { Architecture } from "./network.ts";

/**
 * Shrinks every image to `side` × `side` pixels, each the mean of the area it covers (box filter), rounded to a byte.
 *
 * The cost of a convolution falls with the area: at 24 of 32 pixels an epoch takes 56 % of the time, and a network with
 * global pooling goes on at full size afterwards.
 *
 * @param side In [1, the set's side]; the full side returns the set as it is.
 * @throws {RangeError} If the images are not square, or `side` is not a whole number in that range.
 */
export function shrinkImages(set: ImageSet, side: number): ImageSet {
  const [height, width, channels] = set.shape;
  if (height !== width) {
    throw new RangeError(`Cannot shrink ${set.name}: its images must be square, got ${height}×${width}`);
  }
  if (!Number.isInteger(side) || side < 1 || side > width) {
    throw new RangeError(
      `Cannot shrink ${set.name}: the side must be a whole number of pixels from 1 to ${width}, got ${side}`,
    );
  }
  if (side === width) return set;
  const cover = coverage(width, side);
  const pixels = new Uint8Array(set.count * side * side * channels);
  const rows = new Float32Array(side * width * channels);
  const rowLength = width * channels;
  for (let image = 0, to = 0; image < set.count; image++) {
    const from = image * height * rowLength;
    for (let y = 0; y < side; y++) {
      for (let i = 0; i < rowLength; i++) {
        let sum = 0;
        for (const { at, share } of cover[y]) sum += share * set.pixels[from + at * rowLength + i];
        rows[y * rowLength + i] = sum;
      }
    }
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (const { at, share } of cover[x]) sum += share * rows[y * rowLength + at * channels + c];
          pixels[to++] = Math.round(sum);
        }
      }
    }
  }
  return { ...set, shape: [side, side, channels], pixels };
}

/** The same nodes on images of another side; their shapes are checked where they are next inferred. */
export function withSide(architecture: Architecture, side: number): Architecture {
  return { ...architecture, inputShape: [side, side, architecture.inputShape[2]] };
}

/** For each new pixel of a row, the old ones beneath it and the share of its length that each fills. */
function coverage(length: number, newLength: number): { at: number; share: number }[][] {
  const step = length / newLength;
  return Array.from({ length: newLength }, (_, k) => {
    const [first, end] = [k * step, (k + 1) * step];
    const parts = [];
    for (let at = Math.floor(first); at < end - 1e-9; at++) {
      parts.push({ at, share: (Math.min(at + 1, end) - Math.max(at, first)) / step });
    }
    return parts;
  });
}
