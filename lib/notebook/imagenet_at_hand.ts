/** What of ImageNet lies on this machine: a notebook shows what it can, and says how to get the rest. */
import { existsSync } from "node:fs";
import process from "node:process";
import { type ImageFolder, listImageFolder } from "../image_folder.ts";
import { IMAGENET_CLASS_COUNT } from "../imagenet_facts.ts";
import type { Network } from "../network.ts";
import { loadImagenetResnet50 } from "../project.ts";
import { workPath } from "../root.ts";

export interface ImagenetAtHand {
  readonly network: Network;
  readonly images: ImageFolder;
}

/** Where commands keep what they fetched; `RD_IMAGENET_ROOT` names a folder of the reader's own. */
export interface ImagenetPlaces {
  readonly model?: string;
  readonly root?: string;
}

/** ResNet-50 and labelled images, or null and a line of Markdown that says what is missing. */
export async function imagenetAtHand({
  model = workPath("data", "cache", "resnet50", "model.json"),
  root = process.env.RD_IMAGENET_ROOT ?? workPath("data", "cache", "imagenet_samples"),
}: ImagenetPlaces = {}): Promise<{ readonly found: ImagenetAtHand | null; readonly note: string }> {
  const command = "`deno task evaluate --model resnet50 --data imagenet`";
  const missing = [
    ...(existsSync(model) ? [] : ["ResNet-50's weights"]),
    ...(existsSync(root) ? [] : ["images"]),
  ];
  if (missing.length > 0) {
    return {
      found: null,
      note:
        `> **Not here: ${
          missing.join(" and ")
        }.** ${command} fetches them; with \`--root DIR\` it takes a folder of ` +
        "your own, which `RD_IMAGENET_ROOT` names for this notebook. What needs them is left out below.",
    };
  }
  const { network } = await loadImagenetResnet50();
  const images = listImageFolder(root, IMAGENET_CLASS_COUNT);
  return {
    found: { network, images },
    note: `ResNet-50 and ${images.files.length} images (${images.name}).`,
  };
}
