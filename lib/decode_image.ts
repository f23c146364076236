/** One image file as the bytes that a network reads: decoded, resized and cropped by sharp (libvips), in its own threads. */
import type { Sharp } from "sharp";
import type { Box } from "./batches/resized_crop.ts";

/** Of the shorter side that is kept: 224 of 256, as ImageNet networks are evaluated. */
const CROP_SHARE = 224 / 256;

/** From all pixels: sharp would start from a JPEG's coarser scales. */
const RESIZING = { fit: "fill", kernel: "linear", fastShrinkOnLoad: false } as const;

/** Pixels; a file that claims more is refused before its pixels are made. */
const MOST_PIXELS = 2 ** 28;

/**
 * RGB or grey bytes [h, w, c] of a file.
 *
 * An image of just that size is taken as it is. Any other is resized (linear, its shorter side 256 where the network reads
 * 224, its proportions kept) and its centre cut out. Grey and CMYK become RGB, transparency goes, and orientation tags are
 * not followed, as in torchvision.
 *
 * @throws {TypeError} If the file is no image, or cut short, or broken.
 */
export function decodeImage(path: string, shape: readonly [number, number, number]): Promise<Uint8Array> {
  const [height, width] = shape;
  return decode(
    path,
    shape,
    (image, found) =>
      found[0] === height && found[1] === width ? image : cutOut(image, found, [height, width]),
  );
}

/** What of an image is shown. */
export interface CropView {
  /** The part, once the image's height and width are known. */
  readonly crop: (height: number, width: number) => Box;
  readonly isMirrored: boolean;
}

/**
 * As {@link decodeImage}, of a part of the image, which is resized to the shape whatever its proportions.
 *
 * @throws {TypeError} If the file is no image, or cut short, or broken.
 */
export function decodeCrop(
  path: string,
  shape: readonly [number, number, number],
  { crop, isMirrored }: CropView,
): Promise<Uint8Array> {
  const [height, width] = shape;
  return decode(path, shape, (image, found) => {
    const part = image.extract(crop(...found)).resize(width, height, RESIZING);
    return isMirrored ? part.flop() : part;
  });
}

async function decode(
  path: string,
  [, , channels]: readonly [number, number, number],
  /** Cuts and resizes an image of that height and width. */
  fit: (image: Sharp, found: [number, number]) => Sharp,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const image = (): Sharp => sharp(path, { failOn: "truncated", limitInputPixels: MOST_PIXELS });
  try {
    const found = await image().metadata();
    const colours = image().toColourspace(channels === 1 ? "b-w" : "srgb").removeAlpha();
    const sized = fit(colours, [found.height, found.width]);
    const { data, info } = await sized.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) {
      throw new TypeError(`it must have ${channels} channels, got ${info.channels}`);
    }
    return data;
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new TypeError(`Cannot decode ${path}: ${reason}`, { cause: error });
  }
}

/** Torchvision's Resize and CenterCrop, to the pixel. */
function cutOut(
  image: Sharp,
  [height, width]: readonly [number, number],
  wanted: readonly [number, number],
): Sharp {
  const scale = Math.max(...[height, width].map((side, k) => Math.round(wanted[k] / CROP_SHARE) / side));
  const [tall, wide] = [height, width].map((side) => Math.floor(side * scale + 1e-9));
  const [top, left] = [tall - wanted[0], wide - wanted[1]].map((rest) => roundToEven(rest / 2));
  return image.resize(wide, tall, RESIZING)
    .extract({ top, left, height: wanted[0], width: wanted[1] });
}

/** Python's rounding of halves. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + below % 2 : Math.round(value);
}
