/** The environment in which git finds the repository of its own folder. */

/** What git sets for hooks and aliases: with these it takes their repository for that of any folder. */
const OF_ANOTHER_REPOSITORY = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_COMMON_DIR",
  "GIT_PREFIX",
];

/** An environment without the repository that a git hook has set in it. */
export function gitEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_ANOTHER_REPOSITORY.includes(name)));
}
