/** Step 6: Deno's bundler, which it fetches at first use: from then on reports are made without a network. */
import { existsSync, readdirSync } from "node:fs";
import { explorerScript, PAGE_SCRIPT_FOLDER } from "../report/page_script.ts";
import type { Step } from "./step.ts";

export const pageBundler: Step = {
  id: "page_bundler",
  title: "bundler of the reports' scripts",
  bytes: () => 2e7,
  inputs: () => ({ deno: Deno.version.deno }),
  outputs: () =>
    existsSync(PAGE_SCRIPT_FOLDER) && readdirSync(PAGE_SCRIPT_FOLDER).length > 0 ? { bundled: "yes" } : null,
  async run() {
    await explorerScript();
  },
};
