import assert from "node:assert/strict";
import { shuffledFolder } from "../image_reader.ts";
import { checkDisjoint, splitPhotographs } from "./split.ts";

const FOLDER = {
  name: "photos",
  files: Array.from({ length: 10 }, (_, k) => `/photos/${k}.png`),
  labels: Uint16Array.from({ length: 10 }, (_, k) => k),
};

Deno.test("splitPhotographs() cuts the shuffled order in two parts that share nothing, labels beside", () => {
  const { unlabelled, test } = splitPhotographs(FOLDER, { testImages: 3 });
  assert.deepEqual([...unlabelled.files, ...test.files], shuffledFolder(FOLDER, 1).files);
  assert.equal(test.files.length, 3);
  test.files.forEach((file, i) => assert.equal(file, `/photos/${test.labels![i]}.png`));
  assert.equal(splitPhotographs(FOLDER).test.files.length, 5);
});

Deno.test("splitPhotographs() refuses an empty part, and photographs without labels", () => {
  for (const testImages of [0, 10, 2.5]) {
    assert.throws(() => splitPhotographs(FOLDER, { testImages }), {
      name: "RangeError",
      message: `Cannot split photos: test images must be a whole number in [1, 9], got ${testImages}`,
    });
  }
  assert.throws(() => splitPhotographs({ ...FOLDER, labels: null }), {
    name: "TypeError",
    message: "Cannot test on photos: its images must have classes, they have none",
  });
});

Deno.test("checkDisjoint() refuses curves that looked at the test, and passes those that did not", () => {
  const split = splitPhotographs(FOLDER, { testImages: 3 }); // unlabelled: 0 … 6
  const check = (calibration: string) => () =>
    checkDisjoint(`pruned; calibration: ${calibration}`, FOLDER, split);
  check("photos, 10 shuffled with seed 1, images 0…6")();
  check("photos, shuffled with seed 1, images 0…6")(); // as files of before say it
  check("white noise, seed 1")();
  check("other, shuffled with seed 2, images 0…63")();
  for (
    const calibration of [
      "photos, shuffled with seed 1, images 0…7",
      "photos, 10 shuffled with seed 1, images 0…7",
      "photos, 9 shuffled with seed 1, images 0…6", // one image came since: another order
      "photos, images 0…1",
      "photos, shuffled with seed 2, images 0…1",
    ]
  ) {
    assert.throws(check(calibration), {
      name: "RangeError",
      message:
        `Cannot test on photos: its curves must be of images 0 … 6 of 10 in the order of seed 1, got ${calibration}`,
    });
  }
});
