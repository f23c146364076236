/** On demand: a public collection of one photograph per ImageNet class, from its repository at a pinned commit. */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gitEnvironment } from "../../lib/git_environment.ts";
import { IMAGENET_CLASS_COUNT } from "../../lib/imagenet_facts.ts";
import { writeFileWhole } from "../../lib/store.ts";
import { findProgram, type Project, stampFolder } from "./project.ts";
import { type ChildOptions, runChild } from "./run_child.ts";
import type { Step } from "./step.ts";

/** Where the photographs come from. */
export interface SamplesSource {
  readonly repository: string;
  /** Names every byte: git refuses a file whose hash is not in the tree of this commit. */
  readonly commit: string;
}

const SOURCE: SamplesSource = {
  repository: "https://github.com/EliSchwartz/imagenet-sample-images",
  commit: "22d0a5c9c5c76d13532da2d29ea7fa2e9e034387",
};
const TITLE = "ImageNet samples";

/** `n01440764_tench.JPEG`: the classes are numbered by the order of their WordNet ids. */
const PHOTOGRAPH = /^(n\d{8})_.+\.JPEG$/;

export function imagenetSamplesFolder(project: Project): string {
  return join(project.folder, "data", "cache", "imagenet_samples");
}

/** The collection of {@link SOURCE}. */
export const imagenetSamples: Step = samplesStep(SOURCE);

/** A step that fetches such a collection; what a killed run left is fetched anew. */
export function samplesStep(source: SamplesSource): Step {
  return {
    id: "imagenet_samples",
    title: TITLE,
    bytes: () => 400e6,
    inputs: () => ({ ...source }),
    outputs(project) {
      const labels = statSync(join(imagenetSamplesFolder(project), "labels.csv"), { throwIfNoEntry: false });
      if (labels === undefined) return null;
      const photographs = readdirSync(imagenetSamplesFolder(project)).filter((name) => PHOTOGRAPH.test(name));
      return photographs.length === IMAGENET_CLASS_COUNT
        ? { photographs: photographs.length, labels: labels.mtimeMs }
        : null;
    },
    async run(project, say) {
      const folder = imagenetSamplesFolder(project);
      const work = `${folder}.part`;
      rmSync(work, { recursive: true, force: true });
      mkdirSync(work, { recursive: true });
      say("fetching");
      await checkOut(project, source, work);
      rmSync(join(work, ".git"), { recursive: true });
      writeFileWhole(join(work, "labels.csv"), labelsOf(readdirSync(work)));
      rmSync(folder, { recursive: true, force: true }); // not before there is another
      renameSync(work, folder);
    },
  };
}

async function checkOut(
  project: Project,
  { repository, commit }: SamplesSource,
  folder: string,
): Promise<void> {
  const git = findProgram(project, ["git"]);
  const mend = "where the network does not allow it, name a folder of images: --root DIR";
  if (git === null) throw new TypeError(`Cannot fetch ${TITLE}: git must be on PATH, found none (${mend})`);
  const options: ChildOptions = {
    cwd: folder,
    env: { ...gitEnvironment(project.env), GIT_TERMINAL_PROMPT: "0" },
    log: join(stampFolder(project), "imagenet_samples.log"),
    action: `fetch ${TITLE} from ${repository}`,
    mend,
  };
  await runChild(git, ["init", "--quiet"], options);
  await runChild(git, ["fetch", "--quiet", "--depth=1", repository, commit], options);
  await runChild(git, ["-c", "advice.detachedHead=false", "checkout", "--quiet", commit], options);
}

/**
 * The table that a folder of images goes with: file, WordNet id, class.
 *
 * @throws {TypeError} If there is not one photograph of each class.
 */
export function labelsOf(names: readonly string[]): string {
  const rows = names.flatMap((name) => {
    const id = name.match(PHOTOGRAPH)?.[1];
    return id === undefined ? [] : [{ name, id }];
  }).sort((a, b) => a.id < b.id ? -1 : 1);
  const classes = new Set(rows.map(({ id }) => id)).size;
  if (rows.length !== IMAGENET_CLASS_COUNT || classes !== IMAGENET_CLASS_COUNT) {
    throw new TypeError(
      `Cannot use ${TITLE}: there must be one photograph of each of ${IMAGENET_CLASS_COUNT} classes, got ${rows.length} of ${classes}`,
    );
  }
  return `file,wnid,class\n${rows.map(({ name, id }, k) => `${name},${id},${k}\n`).join("")}`;
}
