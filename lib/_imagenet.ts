/** For tests: the fetched ResNet-50 and photographs, where they are at hand. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { projectPath } from "./root.ts";

export const RESNET50_FOLDER = projectPath("data", "cache", "resnet50");
/** A folder as `--root` takes it. */
export const IMAGENET_ROOT = process.env.RD_IMAGENET_ROOT ?? projectPath("data", "cache", "imagenet_samples");

export const hasResnet50 = existsSync(join(RESNET50_FOLDER, "model.json"));
export const hasPhotographs = existsSync(IMAGENET_ROOT);
