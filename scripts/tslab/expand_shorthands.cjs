/** `{ a }` as `{ a: a }`: tslab 1.0.22 loses a shorthand whose variable an earlier cell declared. */

/**
 * Writes out every shorthand property of a cell; lines stay where they are.
 *
 * @param {object} ts TypeScript's interface.
 * @param {string} source A cell; where it has a syntax error, it comes back as tslab will see it, mended nowhere.
 * @returns {string}
 */
module.exports = function expandShorthands(ts, source) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const ends = [];
  (function visit(node) {
    if (ts.isShorthandPropertyAssignment(node)) ends.push([node.name.getEnd(), node.name.text]);
    ts.forEachChild(node, visit);
  })(file);
  return ends.reduceRight((text, [end, name]) => `${text.slice(0, end)}: ${name}${text.slice(end)}`, source);
};
