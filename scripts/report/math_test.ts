import assert from "node:assert/strict";
import { renderMath, texToMathml } from "./math.ts";

/** The content of a formula, without its shell. */
function content(tex: string): string {
  return /<mrow>(.*)<\/mrow><\/math>$/.exec(texToMathml(tex))![1];
}

Deno.test("texToMathml() writes letters, numbers, operators and scripts", () => {
  assert.equal(
    content("x_i^2 + 3.5"),
    "<msubsup><mi>x</mi><mrow><mi>i</mi></mrow><mrow><mn>2</mn></mrow></msubsup><mo>+</mo><mn>3.5</mn>",
  );
  assert.equal(content("\\delta \\le T"), "<mi>δ</mi><mo>≤</mo><mi>T</mi>");
});

Deno.test("texToMathml() writes fractions, roots, sums with bounds, accents and text", () => {
  assert.equal(
    content("\\frac{a}{2}"),
    "<mfrac><mrow><mrow><mi>a</mi></mrow></mrow><mrow><mrow><mn>2</mn></mrow></mrow></mfrac>",
  );
  assert.match(content("\\sum_{i=1}^n i"), /^<munderover><mo>∑<\/mo>/);
  assert.match(content("\\hat{x}"), /^<mover accent="true">/);
  assert.equal(content("\\text{a b}"), "<mtext>a b</mtext>");
  assert.equal(content("\\mathbb{R}\\mathcal{L}\\mathcal{A}"), "<mi>ℝ</mi><mi>ℒ</mi><mi>𝒜</mi>");
  assert.match(content("\\sqrt{x}"), /^<msqrt>/);
});

Deno.test("texToMathml() keeps the source of what it does not know, escaped", () => {
  assert.equal(
    texToMathml("\\unknown{<b>}"),
    '<code class="rd-tex">&#92;unknown&#123;&lt;b&gt;&#125;</code>',
  );
  for (const broken of ["{x", "x}", "^2", "\\frac{a}", "\\text{a", "\\constructor"]) {
    assert.match(texToMathml(broken), /^<code/, broken);
  }
});

Deno.test("renderMath() finds formulas in the line and set apart", () => {
  assert.match(renderMath("a $x$ b"), /^a <math [^>]*aria-label="x">.*<\/math> b$/);
  assert.match(renderMath("$$\nx\n$$"), /^<math [^>]*display="block"/);
});

Deno.test("renderMath() leaves code and prices alone", () => {
  for (const text of ["`$x$`", "```\n$x$\n```", "costs $5 or $6", "\\$x\\$", "~~~ts\n`$x$`\n~~~\n"]) {
    assert.equal(renderMath(text), text);
  }
});

Deno.test("renderMath() goes on after code that holds a dollar sign", () => {
  assert.match(renderMath("`$` and $x$"), /^`\$` and <math/);
});

Deno.test("renderMath() leaves nothing that Markdown would read as markup", () => {
  assert.doesNotMatch(renderMath("$a_b * c_d [e](f) `g`$").replace(/<[^>]*>/g, ""), /[_*`\[]/);
});
