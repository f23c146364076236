/**
 * Starts tslab's kernel, with the library as it is now.
 *
 * Usage: node kernel.cjs DENO CONNECTION_FILE. Plain JavaScript, since Node 20 runs no TypeScript.
 */
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const rewriteCell = require("./rewrite_cell.cjs");
const queued = require("./queued_sockets.cjs");
require("./language.cjs");

const [deno, configPath] = process.argv.slice(2);

function stop(message) {
  process.stderr.write(`tslab: ${message}\n`);
  process.exit(1);
}

if (!process.features.require_module) {
  stop(`Cannot start: Node.js 20.19, 22.12 or newer is needed, found ${process.versions.node}`);
}
const { status, error } = spawnSync(deno, ["run", "-A", join(__dirname, "prepare.ts")], {
  stdio: ["ignore", "inherit", "inherit"],
});
if (status !== 0) stop(`Cannot start: the library must be built first${error ? `, ${error.message}` : ""}`);

const ts = require("@tslab/typescript-for-tslab");
const converter = require("tslab/dist/converter");
const { createConverter } = converter;
converter.createConverter = (options) => {
  const made = createConverter(options);
  return { ...made, convert: (declared, source) => made.convert(declared, rewriteCell(ts, source)) };
};

const zmq = require("zeromq");
for (const name of ["Publisher", "Router"]) zmq[name] = queued(zmq[name]);

const { startKernel } = require("tslab/dist/main");
startKernel({ configPath, enableFindLocal: false });
process.on("SIGINT", () => process.emit("rd-pruning:stop")); // lib/show/kernel.ts listens
