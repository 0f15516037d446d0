import type { AST } from "@eslint-community/regexpp";
import { complement, type Ranges, scalarValues, takenBy, union } from "./code_points.ts";

/** A part of a JavaScript expression that only a backtracking engine can match. */
export class Unsupported extends Error {
  /** @param part as it is written */
  constructor(readonly reason: string, readonly part: string) {
    super(reason);
  }
}

/** The largest count that RE2 repeats something. */
const LARGEST_COUNT = 1_000;

/**
 * Writes a JavaScript expression (flag `u`) in the syntax of RE2, with the meaning it has in
 * JavaScript: whether it is found, not where.
 *
 * Classes are written as code points, since RE2 knows other spaces, digits and properties.
 *
 * @throws Unsupported
 */
export function toRe2(pattern: AST.Pattern): string {
  return alternatives(pattern.alternatives, "");
}

/** @param flags those of `i` and `s` that groups such as `(?i:…)` switched on */
function alternatives(all: readonly AST.Alternative[], flags: string): string {
  return all.map(({ elements }) => elements.map((element) => write(element, flags)).join(""))
    .join("|");
}

function write(node: AST.Element, flags: string): string {
  switch (node.type) {
    case "Assertion":
      return assertion(node, flags);
    case "Backreference":
      throw new Unsupported("it refers back to a group", node.raw);
    case "CapturingGroup":
      return `(?:${alternatives(node.alternatives, flags)})`;
    case "Group":
      return `(?:${alternatives(node.alternatives, modified(node, flags))})`;
    case "Quantifier":
      return quantified(node, flags);
    case "Character":
      return inCase(classOf([[node.value, node.value]]), flags);
    case "CharacterSet":
    case "CharacterClass":
    case "ExpressionCharacterClass":
      return classOf(flags.includes("i") ? asked(node.raw, flags) : rangesOf(node, flags));
  }
}

/** Both fold the case of a single character in the same way. */
function inCase(one: string, flags: string): string {
  return flags.includes("i") ? `(?i:${one})` : one;
}

function assertion(node: AST.Assertion, flags: string): string {
  switch (node.kind) {
    case "start":
      // Said twice, so that RE2JS takes its DFA (180 ns for AB123) and not what it has for expressions
      // that begin with \A (430 ns); JavaScript's own engine takes 140 ns.
      return "(?:\\A|\\A)";
    case "end":
      return "\\z";
    case "word":
      // JavaScript takes two more letters for parts of words then.
      if (flags.includes("i")) throw new Unsupported("it has a word boundary in (?i:…)", node.raw);
      return node.negate ? "\\B" : "\\b";
    default:
      throw new Unsupported(`it looks ${node.kind === "lookahead" ? "ahead" : "behind"}`, node.raw);
  }
}

function modified({ modifiers, raw }: AST.Group, flags: string): string {
  if (modifiers === null) return flags;
  const { add, remove } = modifiers;
  if (add.multiline) throw new Unsupported("it matches line by line", raw);
  const on = (flag: string, added: boolean, removed: boolean | undefined) =>
    (flags.includes(flag) || added) && removed !== true ? flag : "";
  return on("i", add.ignoreCase, remove?.ignoreCase) + on("s", add.dotAll, remove?.dotAll);
}

function quantified({ element, min, max, raw }: AST.Quantifier, flags: string): string {
  const count = max === Infinity ? min : max;
  if (count > LARGEST_COUNT) {
    throw new Unsupported(`it repeats something more than ${LARGEST_COUNT} times`, raw);
  }
  // What looks around has refused above; a repeated ^ is no more than one.
  const inner = `(?:${write(element as AST.Element, flags)})`;
  if (max === Infinity && min < 2) return inner + (min === 0 ? "*" : "+");
  return `${inner}{${min},${max === Infinity ? "" : max}}`;
}

/** As a class of RE2, in which only numbers stand: nothing has to be escaped. */
function classOf(ranges: Ranges): string {
  const valid = scalarValues(ranges);
  if (valid.length === 0) return "[^\\x{0}-\\x{10ffff}]";
  return `[${
    valid.map(([first, last]) => {
      const from = `\\x{${first.toString(16)}}`;
      return first === last ? from : `${from}-\\x{${last.toString(16)}}`;
    }).join("")
  }]`;
}

type CharacterPart =
  | AST.CharacterSet
  | AST.CharacterClass
  | AST.ExpressionCharacterClass
  | AST.CharacterClassElement;

function rangesOf(node: CharacterPart, flags: string): Ranges {
  switch (node.type) {
    case "Character":
      return [[node.value, node.value]];
    case "CharacterClassRange":
      return [[node.min.value, node.max.value]];
    case "CharacterClass": {
      const inside = node.elements.flatMap((element) => rangesOf(element, flags));
      return node.negate ? complement(inside) : union(inside);
    }
    case "CharacterSet":
      if (node.kind === "any") return flags.includes("s") ? complement([]) : NOT_A_LINE_END;
      if (node.kind === "property") return asked(node.raw, "");
      return node.negate ? complement(SETS[node.kind]) : SETS[node.kind];
    default:
      // Strings in classes: there with the flag v only.
      throw new Unsupported("it has a class of strings", node.raw);
  }
}

const LINE_ENDS: Ranges = [[0x0A, 0x0A], [0x0D, 0x0D], [0x2028, 0x2029]];
const NOT_A_LINE_END = complement(LINE_ENDS);
const SETS = {
  digit: [[0x30, 0x39]],
  word: [[0x30, 0x39], [0x41, 0x5A], [0x5F, 0x5F], [0x61, 0x7A]],
  space: [
    [0x09, 0x0D],
    [0x20, 0x20],
    [0xA0, 0xA0],
    [0x1680, 0x1680],
    [0x2000, 0x200A],
    [0x2028, 0x2029],
    [0x202F, 0x202F],
    [0x205F, 0x205F],
    [0x3000, 0x3000],
    [0xFEFF, 0xFEFF],
  ],
} as const satisfies Readonly<Record<string, Ranges>>;

/** What was asked before, such as `\s` and `\p{Lu}`. */
const KNOWN = new Map<string, Ranges>();
/** Against files that ask for ever more. */
const MOST = 1_000;

function asked(raw: string, flags: string): Ranges {
  const key = `${flags}/${raw}`;
  const known = KNOWN.get(key) ?? takenBy(raw, flags);
  if (KNOWN.size < MOST) KNOWN.set(key, known);
  return known;
}
