/** For tests: folders of small pictures whose colour is their class. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { createPrng } from "../prng.ts";

/** Red, green, blue and grey, in this order of classes. */
const COLOURS = [[200, 60, 60], [60, 200, 60], [60, 60, 200], [120, 120, 120]];

export interface PhotographOptions {
  readonly classes: number;
  readonly perClass: number;
  readonly seed?: number;
}

/** JPEGs in class folders `a`, `b`, …: 34 to 63 pixels a side, in noise. */
export async function writePhotographs(
  folder: string,
  { classes, perClass, seed = 1 }: PhotographOptions,
): Promise<void> {
  const prng = createPrng(seed, "photographs");
  for (let label = 0; label < classes; label++) {
    const name = join(folder, String.fromCharCode(97 + label));
    mkdirSync(name, { recursive: true });
    for (let k = 0; k < perClass; k++) {
      const [width, height] = [34 + prng.int(30), 34 + prng.int(30)];
      const pixels = Uint8Array.from(
        { length: width * height * 3 },
        (_, i) => COLOURS[label][i % 3] + prng.int(50),
      );
      const file = join(name, `${String(k).padStart(3, "0")}.jpg`);
      writeFileSync(file, await sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg().toBuffer());
    }
  }
}
