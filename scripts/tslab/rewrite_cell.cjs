/**
 * Says the same in words that tslab 1.0.22 compiles right. It takes two kinds of property names for what they are not:
 *
 * - `{ a }`, where an earlier cell declared `a`, keeps a bare `a`, which is not there; written out as `{ a: a }`;
 * - `const { a: b } = c`, where an earlier cell's types have a property `a`, becomes `exports.a`; written as `"a": b`.
 */

/**
 * Rewrites a cell; lines stay where they are.
 *
 * @param {object} ts TypeScript's interface.
 * @param {string} source A cell; where it has a syntax error, tslab will tell.
 * @returns {string}
 */
module.exports = function rewriteCell(ts, source) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const names = [];
  (function visit(node) {
    if (ts.isShorthandPropertyAssignment(node)) {
      names.push([node.name, `${node.name.text}: ${node.name.text}`]);
    }
    if (ts.isBindingElement(node) && node.propertyName && ts.isIdentifier(node.propertyName)) {
      names.push([node.propertyName, JSON.stringify(node.propertyName.text)]);
    }
    ts.forEachChild(node, visit);
  })(file);
  names.sort(([one], [other]) => one.getStart() - other.getStart());
  return names.reduceRight(
    (text, [name, words]) => text.slice(0, name.getStart()) + words + text.slice(name.getEnd()),
    source,
  );
};
