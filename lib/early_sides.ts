/** Sides of the training images by epoch: small ones first, where an epoch is cheap. */
import type { Recipe } from "./training_state.ts";

export interface EarlySide {
  /** In pixels. */
  readonly side: number;
  readonly epochs: number;
}

/**
 * Reads `"16x6,24x4"`: six epochs at 16 pixels, then four at 24.
 *
 * @throws {SyntaxError} If the text is not such a list of whole numbers from 1.
 */
export function parseEarlySides(text: string): EarlySide[] {
  return text.split(",").map((part) => {
    const [, side, epochs] = /^\s*([1-9]\d*)\s*x\s*([1-9]\d*)\s*$/.exec(part) ?? [];
    if (epochs === undefined) {
      throw new SyntaxError(
        `Cannot read early sides: each must be PIXELSxEPOCHS, as in 16x6,24x4, got "${part.trim()}"`,
      );
    }
    return { side: Number(side), epochs: Number(epochs) };
  });
}

/** Side of the images in an epoch, 0-based; the recipe's own side, 0 for as they are, after the early ones. */
export function sideAt(
  { side = 0, earlySides }: Partial<Pick<Recipe, "side" | "earlySides">>,
  epoch: number,
): number {
  let end = 0;
  for (const early of earlySides === undefined ? [] : parseEarlySides(earlySides)) {
    end += early.epochs;
    if (epoch < end) return early.side;
  }
  return side;
}
