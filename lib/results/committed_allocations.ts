/** The allocations of `data/allocations`: of rules that rank weights, for networks too large to commit. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AllocationFile, readAllocation } from "../rd_files.ts";
import { projectPath, taskNamed } from "../root.ts";

export interface AllocationsFolder {
  /** @default data/allocations */
  readonly folder?: string;
}

/** Which of them. */
export interface AllocationName {
  readonly model: string;
  /** Such as `lamp`. */
  readonly method: string;
  /** Asked for, in [0, 1), in whole percent. */
  readonly sparsity: number;
}

/**
 * Reads one.
 *
 * @throws {RangeError} If there is none; the command that makes it is named.
 * @throws As {@linkcode readAllocation}.
 */
export function committedAllocation(
  { model, method, sparsity }: AllocationName,
  { folder = projectPath("data", "allocations") }: AllocationsFolder = {},
): AllocationFile {
  const name = `${model}_${method}_${Math.round(100 * sparsity)}`;
  const path = join(folder, `${name}.json`);
  if (existsSync(path)) return readAllocation(path);
  throw new RangeError(
    `Cannot find the allocation ${name}: ${
      taskNamed(
        `allocate --curves data/curves/${model}.json --method ${method} --sparsity ${sparsity} ` +
          `--out data/allocations/${name}.json`,
      )
    } makes it, where the network's weights are`,
  );
}
