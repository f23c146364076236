/** Step 6: Deno's bundler, which it fetches at first use: from then on the explorer needs no network. */
import { existsSync, readdirSync } from "node:fs";
import { explorerScript, pageScriptFolder } from "../../lib/explorer/page_script.ts";
import type { Step } from "./step.ts";

export const pageBundler: Step = {
  id: "page_bundler",
  title: "bundler of the explorer's page",
  bytes: () => 2e7,
  inputs: () => ({ deno: Deno.version.deno }),
  outputs: () =>
    existsSync(pageScriptFolder()) && readdirSync(pageScriptFolder()).length > 0 ? { bundled: "yes" } : null,
  run() {
    explorerScript();
    return Promise.resolve();
  },
};
