/**
 * Puts notebooks' cells through tslab's compiler as its kernel would, without running them.
 *
 * Usage: node check_cells.cjs NOTEBOOK…, in the notebooks' folder. Prints one JSON object a fault: notebook, cell and
 * line from 1, message. A cell sees what earlier cells declared, with the types that tslab wrote down for them.
 */
const { readFileSync } = require("node:fs");
const ts = require("@tslab/typescript-for-tslab");
const { createConverter } = require("tslab/dist/converter");
const rewriteCell = require("./rewrite_cell.cjs");

const converter = createConverter({});
for (const path of process.argv.slice(2)) {
  const { cells } = JSON.parse(readFileSync(path, "utf8"));
  const sources = cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) =>
    [source].flat().join("")
  );
  let declared = "";
  for (const [i, source] of sources.filter((text) => text.trim() !== "").entries()) {
    const { diagnostics, declOutput } = converter.convert(declared, rewriteCell(ts, source));
    if (diagnostics.length === 0) declared = declOutput;
    for (const { start, messageText } of diagnostics) {
      console.log(JSON.stringify({ path, cell: i + 1, line: start.line + 1, message: messageText }));
    }
  }
}
process.exit(0); // tslab's compiler watches files
