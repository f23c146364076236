/** One folder of photographs in two parts that share none: what may be looked at without labels, and the test. */
import type { ImageFolder } from "../image_folder.ts";
import { shuffledFolder, sliceFolder } from "../image_reader.ts";

/** Of the order that both parts are cut from; `deno task curves --data imagenet` has the same by default. */
export const SPLIT_SEED = 1;

/** Where the caller does not say: half of the thousand public samples. */
const MOST_TEST_IMAGES = 500;

export interface PhotographSplit {
  /** The first of the shuffled order: curves take its first N, recovery its first too; no label is read. */
  readonly unlabelled: ImageFolder;
  /** The last of that order. */
  readonly test: ImageFolder;
}

/**
 * Shuffles a folder with {@linkcode SPLIT_SEED} and cuts it: the last `testImages` are the test, all before them are free
 * for calibration and for recovery without labels.
 *
 * @param options `testImages`: by default half of the folder, at most 500.
 * @throws {RangeError} If no photograph is left for one of the parts.
 * @throws {TypeError} If the photographs have no labels.
 */
export function splitPhotographs(
  folder: ImageFolder,
  { testImages = Math.min(MOST_TEST_IMAGES, folder.files.length >> 1) }: { readonly testImages?: number } =
    {},
): PhotographSplit {
  const count = folder.files.length;
  if (folder.labels === null) {
    throw new TypeError(`Cannot test on ${folder.name}: its images must have classes, they have none`);
  }
  if (!(Number.isSafeInteger(testImages) && testImages >= 1 && testImages < count)) {
    throw new RangeError(
      `Cannot split ${folder.name}: test images must be a whole number in [1, ${
        count - 1
      }], got ${testImages}`,
    );
  }
  const shuffled = shuffledFolder(folder, SPLIT_SEED);
  return {
    unlabelled: sliceFolder(shuffled, 0, count - testImages),
    test: sliceFolder(shuffled, count - testImages, testImages),
  };
}

/**
 * Refuses curves that looked at photographs of the test. Curves on noise or on another folder did not. How many images
 * were shuffled is compared where the protocol says it; older ones do not.
 *
 * @param protocol Of the curves' provenance, which ends in the name of their calibration set.
 * @param split With the seed of its order, by default {@linkcode SPLIT_SEED}.
 * @throws {RangeError} If the curves were measured on this folder in another order, on more or fewer images of it, or
 * beyond the unlabelled part.
 */
export function checkDisjoint(
  protocol: string,
  folder: Pick<ImageFolder, "name">,
  { unlabelled, test, seed = SPLIT_SEED }: PhotographSplit & { readonly seed?: number },
): void {
  const [, calibration = ""] = protocol.split("calibration: ");
  if (!calibration.startsWith(`${folder.name}, `)) return;
  const all = unlabelled.files.length + test.files.length;
  const order = /^(?:(\d+) )?shuffled with seed (\d+), images \d+…(\d+)$/;
  const [, shuffled = all, drawn, last] = order.exec(calibration.slice(folder.name.length + 2)) ?? [];
  const isOrder = Number(shuffled) === all && Number(drawn) === seed;
  if (isOrder && Number(last) < unlabelled.files.length) return;
  throw new RangeError(
    `Cannot test on ${folder.name}: its curves must be of images 0 … ${
      unlabelled.files.length - 1
    } of ${all} in the order of seed ${seed}, got ${calibration}`,
  );
}
