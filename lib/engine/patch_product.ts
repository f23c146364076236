/** Which convolutions, and which of their gradients, are cheaper as one matrix product than as oneDNN's convolution. */
import type { Window } from "./ops.ts";
import { isSame } from "./portable_ops.ts";

/** Above this many pixels, laying out the patches of a 3×3 filter costs more than it saves. */
const SMALL_AREA = 4 * 4;
const TINY_AREA = 2 * 2;
const WIDE = 256;
const POINT_AREA = 16 * 16;

/**
 * Whether patchesᵀ · dy, [k·k·in, N·h·w] · [N·h·w, out], is the faster way to a filter's gradient.
 *
 * Measured at 128 images on two AVX2 cores, product against convolution: 3×3 over 512 channels at 2×2 pixels 17 against
 * 130 ms, at 4×4 pixels 73 against 106 ms, but 256 channels at 8×8 pixels 91 against 76 ms; 1×1 from 240 to 48 channels
 * at 8×8 pixels 2.1 against 3.1 ms. In all a tenth of VGG-16's step. The choice hangs on the shape alone, so that the bits
 * do not hang on a stopwatch.
 *
 * @param inputShape [N, h, w, in].
 * @param filterShape [k, k, in, out].
 */
export function suitsPatchProduct(...shapes: Shapes): boolean {
  const found = geometry(...shapes);
  if (found === null) return false;
  const { size, area, channels } = found;
  return size === 1 ? area <= POINT_AREA : area <= SMALL_AREA && channels >= WIDE;
}

/**
 * Whether patches · filter, [N·h·w, k·k·in] · [k·k·in, out], is the faster way to a convolution, and the same with the
 * flipped filter to its input's gradient.
 *
 * Measured on two cores with AVX-512, product against convolution: 3×3 over 512 channels at 2×2 pixels 9.7 against 25.5 ms
 * for 128 images and 39 against 91 ms for 512, its input's gradient 14 against 26 ms; at 4×4 pixels 41 against 45 ms and 45
 * against 45 ms, which is not worth the patches' memory.
 *
 * @param inputShape [N, h, w, in].
 * @param filterShape [k, k, in, out].
 */
export function suitsPatchedConvolution(...shapes: Shapes): boolean {
  const found = geometry(...shapes);
  return found !== null && found.size > 1 && found.area <= TINY_AREA && found.channels >= WIDE;
}

type Shapes = [inputShape: readonly number[], filterShape: readonly number[], window: Window];

interface Geometry {
  /** The filter's side. */
  readonly size: number;
  /** Pixels of the image. */
  readonly area: number;
  /** The fewer of those in and out. */
  readonly channels: number;
}

/** Of a convolution that patches serve: a stride of 1, and an output of the image's own size; null of others. */
function geometry(
  ...[[, height, width], [size, , inChannels, outChannels], window]: Shapes
): Geometry | null {
  if (window.stride !== 1 || !isSame(size, window)) return null;
  return { size, area: height * width, channels: Math.min(inChannels, outChannels) };
}
