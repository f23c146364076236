/**
 * TeX in Markdown as MathML, which browsers draw without a script or a font from elsewhere.
 *
 * Knows what notebooks here use: letters, numbers, Greek, sub- and superscripts, fractions, roots, sums, accents,
 * text, brackets. What it does not know stays as source text.
 */
import { escapeMarkup } from "../../lib/markup.ts";

const SYMBOLS: Readonly<Record<string, string>> = {
  alpha: "α",
  beta: "β",
  gamma: "γ",
  delta: "δ",
  epsilon: "ϵ",
  varepsilon: "ε",
  zeta: "ζ",
  eta: "η",
  theta: "θ",
  kappa: "κ",
  lambda: "λ",
  mu: "μ",
  nu: "ν",
  xi: "ξ",
  pi: "π",
  rho: "ρ",
  sigma: "σ",
  tau: "τ",
  phi: "ϕ",
  varphi: "φ",
  chi: "χ",
  psi: "ψ",
  omega: "ω",
  Gamma: "Γ",
  Delta: "Δ",
  Theta: "Θ",
  Lambda: "Λ",
  Sigma: "Σ",
  Phi: "Φ",
  Psi: "Ψ",
  Omega: "Ω",
  ell: "ℓ",
  infty: "∞",
  partial: "∂",
  nabla: "∇",
  emptyset: "∅",
};
const OPERATORS: Readonly<Record<string, string>> = {
  cdot: "⋅",
  times: "×",
  pm: "±",
  le: "≤",
  leq: "≤",
  ge: "≥",
  geq: "≥",
  ne: "≠",
  neq: "≠",
  approx: "≈",
  equiv: "≡",
  sim: "∼",
  propto: "∝",
  in: "∈",
  notin: "∉",
  subset: "⊂",
  subseteq: "⊆",
  cup: "∪",
  cap: "∩",
  to: "→",
  rightarrow: "→",
  leftarrow: "←",
  mapsto: "↦",
  Rightarrow: "⇒",
  ll: "≪",
  gg: "≫",
  odot: "⊙",
  ldots: "…",
  dots: "…",
  cdots: "⋯",
  mid: "∣",
  forall: "∀",
  exists: "∃",
  lVert: "‖",
  rVert: "‖",
  Vert: "‖",
  lvert: "|",
  rvert: "|",
  lceil: "⌈",
  rceil: "⌉",
  lfloor: "⌊",
  rfloor: "⌋",
  langle: "⟨",
  rangle: "⟩",
  "{": "{",
  "}": "}",
  "|": "‖",
  "%": "%",
  "#": "#",
  "&": "&",
  _: "_",
  "$": "$",
};
const LARGE: Readonly<Record<string, string>> = { sum: "∑", prod: "∏", int: "∫", bigcup: "⋃", bigcap: "⋂" };
const FUNCTIONS = [
  "min",
  "max",
  "arg",
  "log",
  "ln",
  "exp",
  "lim",
  "sup",
  "inf",
  "Pr",
  "det",
  "argmin",
  "argmax",
];
const UNDER = ["min", "max", "lim", "sup", "inf", "argmin", "argmax"];
const ACCENTS: Readonly<Record<string, string>> = {
  hat: "^",
  bar: "¯",
  tilde: "~",
  vec: "→",
  dot: "˙",
  overline: "¯",
};
const SPACES: Readonly<Record<string, string>> = {
  ",": "0.17em",
  ":": "0.22em",
  ";": "0.28em",
  " ": "0.25em",
  quad: "1em",
  qquad: "2em",
};
const STYLES: Readonly<Record<string, string>> = {
  mathrm: "normal",
  text: "normal",
  operatorname: "normal",
  mathbf: "bold",
  textbf: "bold",
  mathit: "italic",
  mathcal: "script",
  mathbb: "double-struck",
};

/**
 * Replaces `$…$` and `$$…$$` in Markdown by MathML, but not within code.
 *
 * A dollar sign opens a formula only as in Jupyter: no blank after it, none before the closing one, no digit behind.
 */
export function renderMath(markdown: string): string {
  const code = /(^|\n)(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:\n\2[^\n]*(?=\n|$)|$)|(`+)[\s\S]*?\3/;
  const block = /\$\$([\s\S]+?)\$\$/;
  const inline = /(?<![\\$])\$(?![\s$])([^$\n]*?[^\s$\\])\$(?![\d$])/;
  const any = new RegExp(`${code.source}|${block.source}|${inline.source}`, "g");
  return markdown.replace(any, (whole, _lead, _fence, _ticks, displayed?: string, inlined?: string) => {
    if (displayed !== undefined) return texToMathml(displayed, { display: true });
    return inlined === undefined ? whole : texToMathml(inlined);
  });
}

/** One formula as a `<math>` element on one line; as source text where it holds something unknown. */
export function texToMathml(tex: string, options: { readonly display?: boolean } = {}): string {
  const { display = false } = options;
  const source = tex.trim().replace(/\s+/g, " ");
  const attributes = `${display ? ' display="block"' : ""} aria-label="${inMarkdown(source)}"`;
  try {
    const reader = { tokens: tokenize(source), at: 0 };
    const content = readRow(reader, () => false);
    return `<math xmlns="http://www.w3.org/1998/Math/MathML"${attributes}><mrow>${content}</mrow></math>`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `<code class="rd-tex">${inMarkdown(source)}</code>`;
  }
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function tokenize(tex: string): string[] {
  return tex.match(/\\[A-Za-z]+|\\.|\d+(?:[.,]\d+)*|\S| /gu) ?? [];
}

function readRow(reader: Reader, isEnd: (token: string) => boolean): string {
  let row = "";
  while (reader.at < reader.tokens.length && !isEnd(reader.tokens[reader.at])) row += readScripted(reader);
  return row;
}

/** One atom with what hangs on it. */
function readScripted(reader: Reader): string {
  const head = reader.tokens[reader.at];
  const base = readAtom(reader);
  if (base === "") return "";
  let [sub, sup] = ["", ""];
  for (;;) {
    while (reader.tokens[reader.at] === " ") reader.at++;
    const token = reader.tokens[reader.at];
    if (token === "_" && sub === "") (reader.at++, sub = readArgument(reader));
    else if (token === "^" && sup === "") (reader.at++, sup = readArgument(reader));
    else if (token === "'") (reader.at++, sup += mo("′"));
    else break;
  }
  const name = head.slice(1);
  const isUnder = Object.hasOwn(LARGE, name) || UNDER.includes(name);
  const [both, below, above] = isUnder ? ["munderover", "munder", "mover"] : ["msubsup", "msub", "msup"];
  if (sub !== "" && sup !== "") return `<${both}>${base}${group(sub)}${group(sup)}</${both}>`;
  if (sub !== "") return `<${below}>${base}${group(sub)}</${below}>`;
  return sup === "" ? base : `<${above}>${base}${group(sup)}</${above}>`;
}

function readAtom(reader: Reader): string {
  const token = next(reader);
  if (token === " ") return "";
  if (token === "{") return group(readBraced(reader));
  if (/^\d/.test(token)) return `<mn>${token}</mn>`;
  if (/^\p{L}$/u.test(token)) return `<mi>${token}</mi>`;
  if (!token.startsWith("\\")) {
    if ("}_^&#~".includes(token)) {
      throw new SyntaxError(`Cannot read the formula: ${token} must not stand here`);
    }
    return mo(token === "-" ? "−" : token === "*" ? "∗" : token);
  }
  return readCommand(token.slice(1), reader);
}

function readCommand(name: string, reader: Reader): string {
  const own = (table: Readonly<Record<string, string>>) =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  const letter = own(SYMBOLS);
  if (letter !== undefined) return `<mi>${letter}</mi>`;
  const operator = own(OPERATORS);
  if (operator !== undefined) return mo(operator);
  const large = own(LARGE);
  if (large !== undefined) return mo(large);
  if (FUNCTIONS.includes(name)) return `<mrow><mi>${name}</mi><mspace width="0.17em"></mspace></mrow>`;
  const space = own(SPACES);
  if (space !== undefined) return `<mspace width="${space}"></mspace>`;
  const accent = own(ACCENTS);
  if (accent !== undefined) return `<mover accent="true">${group(readArgument(reader))}${mo(accent)}</mover>`;
  if (Object.hasOwn(STYLES, name)) return styled(STYLES[name], readText(reader));
  if (name === "frac" || name === "tfrac" || name === "dfrac") {
    return `<mfrac>${group(readArgument(reader))}${group(readArgument(reader))}</mfrac>`;
  }
  if (name === "sqrt") return `<msqrt>${readArgument(reader)}</msqrt>`;
  if (name === "left" || name === "right") return readFence(reader);
  throw new SyntaxError(`Cannot read the formula: \\${name} must be a known command`);
}

function readFence(reader: Reader): string {
  const token = next(reader);
  if (token === ".") return "";
  return token.startsWith("\\") ? readCommand(token.slice(1), reader) : mo(token);
}

function readArgument(reader: Reader): string {
  while (reader.tokens[reader.at] === " ") reader.at++;
  return readAtom(reader);
}

function readBraced(reader: Reader): string {
  const row = readRow(reader, (token) => token === "}");
  if (next(reader) !== "}") throw new SyntaxError("Cannot read the formula: a brace must be closed");
  return row;
}

/** The argument of \text and the like, letter by letter. */
function readText(reader: Reader): string {
  if (reader.tokens[reader.at] !== "{") return next(reader);
  reader.at++;
  let text = "";
  for (let token = next(reader); token !== "}"; token = next(reader)) {
    if (token === "{") throw new SyntaxError("Cannot read the formula: braces must not nest in text");
    text += token.startsWith("\\") ? token.slice(1) : token;
  }
  return text;
}

function styled(style: string, text: string): string {
  if (style === "script" || style === "double-struck") {
    return `<mi>${[...text].map((letter) => inAlphabet(letter, style)).join("")}</mi>`;
  }
  const spaced = inMarkdown(text.replace(/^ | $/g, "\u00A0"));
  if (style === "bold") return `<mi style="font-weight:bold">${spaced}</mi>`;
  return style === "normal" ? `<mtext>${spaced}</mtext>` : `<mi>${spaced}</mi>`;
}

/** Capital letters of Unicode's mathematical alphabets; some had a place before these were made. */
function inAlphabet(letter: string, style: "script" | "double-struck"): string {
  const [start, older] = style === "script" ? [0x1D49C, "BℬEℰFℱHℋIℐLℒMℳRℛ"] : [0x1D538, "CℂHℍNℕPℙQℚRℝZℤ"];
  if (!/^[A-Z]$/.test(letter)) return inMarkdown(letter);
  const at = older.indexOf(letter);
  return at >= 0 ? older[at + 1] : String.fromCodePoint(start + letter.charCodeAt(0) - 65);
}

function next(reader: Reader): string {
  if (reader.at >= reader.tokens.length) {
    throw new SyntaxError("Cannot read the formula: it must not end here");
  }
  return reader.tokens[reader.at++];
}

function mo(text: string): string {
  return `<mo>${inMarkdown(text)}</mo>`;
}

function group(content: string): string {
  return `<mrow>${content}</mrow>`;
}

/** Escaped for HTML, and so that Markdown sees no emphasis, link or code in it. */
function inMarkdown(text: string): string {
  return escapeMarkup(text).replace(/[\\`*_{}\[\]()#!|~$]/g, (character) => `&#${character.charCodeAt(0)};`);
}
