/** `--data imagenet --root DIR`: a folder of images, or the public samples, fetched when they are first asked for. */
import { type ImageFolder, listImageFolder } from "../lib/image_folder.ts";
import type { ImageReader } from "../lib/image_reader.ts";
import type { Command } from "./command_line.ts";
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

/** Names every image that could not be read, on standard error. */
export function listBroken(command: string, { broken }: Pick<ImageReader, "broken">): void {
  for (const { reason } of broken) console.error(`${command}: ${reason} (left out)`);
}
