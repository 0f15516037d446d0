import { createHash } from "node:crypto";
import { byteLength, MAX_NAME_BYTES } from "../../core/names.ts";
import { quoteIdent, quoteLiteral } from "../../core/quote.ts";
import type { Statement } from "../load_plan.ts";

/** A statement, most often without parameters. */
export function change(
  sql: string,
  why: string,
  lock: string | null = null,
  params: Statement["params"] = [],
): Statement {
  return { sql, params, why, lock };
}

/** Whether two JSON-safe values are the same. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `comment on OBJECT is …`, where it differs. */
export function commentOn(
  object: string,
  wanted: string | null,
  has: string | null,
): Statement[] {
  if (wanted === has) return [];
  return [change(
    `comment on ${object} is ${wanted === null ? "null" : quoteLiteral(wanted)}`,
    "A comment of the partition",
  )];
}

/** What turns options (`fillfactor=70`) into others: `set (…)` and `reset (…)`. */
export function optionChanges(wanted: readonly string[], has: readonly string[]): string[] {
  const names = new Set(wanted.map(nameOf));
  const set = wanted.filter((option) => !has.includes(option));
  const reset = has.map(nameOf).filter((name) => !names.has(name));
  return [
    ...(set.length === 0 ? [] : [`set ${optionList(set)}`]),
    ...(reset.length === 0 ? [] : [`reset (${reset.map(quoteOption).join(", ")})`]),
  ];
}

/** `("fillfactor" = '70')`. */
export function optionList(options: readonly string[]): string {
  const each = options.map((option) =>
    `${quoteOption(nameOf(option))} = ${quoteLiteral(option.slice(nameOf(option).length + 1))}`
  );
  return `(${each.join(", ")})`;
}

/** Names that no object of the table has yet: `trips__v3_p1`; cut where Postgres would cut them. */
export function freeNames(table: string, letter: string, taken: readonly string[]): () => string {
  const used = new Set(taken);
  const stem = shorten(table);
  let number = 0;
  return () => {
    do number++; while (used.has(`${stem}_${letter}${number}`));
    return `${stem}_${letter}${number}`;
  };
}

/** Leaves room for a letter and a number; a hash keeps what is cut apart. */
function shorten(table: string): string {
  const room = MAX_NAME_BYTES - "_p999".length;
  if (byteLength(table) <= room) return table;
  const hash = createHash("sha256").update(table).digest("hex").slice(0, 8);
  let stem = table;
  while (byteLength(stem) + 1 + hash.length > room) stem = [...stem].slice(0, -1).join("");
  return `${stem}_${hash}`;
}

function nameOf(option: string): string {
  return option.slice(0, option.indexOf("="));
}

function quoteOption(name: string): string {
  return name.split(".").map(quoteIdent).join(".");
}
