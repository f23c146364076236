/** `--data imagenet --root DIR`: a folder of images, or the public samples, fetched when they are first asked for. */
import { realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { type ImageFolder, listImageFolder } from "../lib/image_folder.ts";
import type { BrokenImage, ImageReader } from "../lib/image_reader.ts";
import { sha256 } from "../lib/store.ts";
import { type Command, Option, UsageError } from "./command_line.ts";
import { imagenetSamples, imagenetSamplesFolder } from "./setup/imagenet_samples.ts";
import { installOnDemand } from "./setup/install_on_demand.ts";
import { isDone } from "./setup/step.ts";
import { currentProject } from "./setup/steps.ts";

export function addRootOption(command: Command): Command {
  return command.option(
    "--root <folder>",
    "imagenet: class folders in the order of their names, or images beside a labels.csv with columns file and class " +
      "(default: a public collection of one photograph a class, fetched into data/cache)",
  );
}

export async function openImageFolder(root: string | undefined, classCount: number): Promise<ImageFolder> {
  if (root !== undefined) return listImageFolder(root, classCount);
  const project = currentProject();
  if (!isDone(imagenetSamples, project)) await installOnDemand(imagenetSamples, project);
  return listImageFolder(imagenetSamplesFolder(project), classCount);
}

/** `--data` and `--root` of the commands that train. */
export interface TrainingFlags {
  data: "cifar10" | "imagenet";
  root?: string;
}

export function addTrainingDataOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--data <set>", "images to train and test on").choices(["cifar10", "imagenet"]).default(
        "cifar10",
      ),
    )
    .option(
      "--root <folder>",
      "imagenet: a folder with train and val within; in each, class folders in the order of their names, or images " +
        "beside a labels.csv",
    );
}

/** Training and test images of a folder. */
export interface TrainingFolders {
  readonly train: ImageFolder;
  readonly test: ImageFolder;
  /** Of all names and labels: a chain goes on with the images it began with; a run of train writes it down. */
  readonly fingerprint: string;
}

/**
 * The folders `train` and `val` of `--root`; null for CIFAR-10.
 *
 * @throws {UsageError} If `--root` is missing, or given without `--data imagenet`.
 * @throws {RangeError | TypeError} If a folder holds no labelled images.
 */
export function openTrainingFolders(
  { data, root }: TrainingFlags,
  classCount: number,
): TrainingFolders | null {
  if (data !== "imagenet") {
    if (root === undefined) return null;
    throw new UsageError("Cannot read --root: it goes with --data imagenet");
  }
  if (root === undefined) {
    throw new UsageError("Cannot train on imagenet: --root must name a folder with train and val within");
  }
  const [train, test] = ["train", "val"].map((part) => {
    const folder = listImageFolder(join(root, part), classCount);
    if (folder.labels !== null) return folder;
    throw new TypeError(
      `Cannot train on ${
        join(root, part)
      }: its images must have classes, by folders or a labels.csv, they have none`,
    );
  });
  const real = realpathSync(root);
  const listed = [train, test].map(({ files, labels }) => [
    files.map((file) => relative(real, file)),
    Array.from(labels!),
  ]);
  return { train, test, fingerprint: sha256(new TextEncoder().encode(JSON.stringify(listed))) };
}

/** Names each file that cannot be read once, on standard error, however often it is met. */
export function brokenTeller(command: string): (image: BrokenImage) => void {
  const told = new Set<string>();
  return ({ file, reason }) => {
    if (told.has(file)) return;
    told.add(file);
    console.error(`${command}: ${reason} (left out)`);
  };
}

/** Names every image that could not be read, on standard error. */
export function listBroken(command: string, { broken }: Pick<ImageReader, "broken">): void {
  for (const { reason } of broken) console.error(`${command}: ${reason} (left out)`);
}
