import { branches, type Key, keysOf, metaOf, type Place, placeAt } from "./keys.ts";
import { CHECKS } from "./schema/checks/mod.ts";
import type { Path } from "./yaml_tree.ts";
import { z } from "./zod.ts";

/** A marker with its section, its type and the type it is held against, and the table below it. */
const TABLE = /^(<!-- keys: (\S+)(?: of (\w+)(?: beside (\w+))?)? -->)\n(?:\n?(?:\|.*\n)+)?/gm;

/**
 * A page with its tables of keys rewritten.
 *
 * A table stands below `<!-- keys: source -->`, where `file` is the top level, `columns.<name>` one
 * column, `source.format of csv` what CSV has beyond all formats, `source.format of tsv beside csv`
 * what is not the same there, and `checks` the kinds of checks.
 */
export function withKeyTables(page: string): string {
  return page.replace(
    TABLE,
    (_match, marker: string, section: string, type?: string, beside?: string) =>
      [marker, "", ...tableOf(section, type, beside), ""].join("\n"),
  );
}

/** The sections that a page has tables of, as its markers name them. */
export function sectionsOf(page: string): string[] {
  return [...page.matchAll(TABLE)].map(([, , section, type]) =>
    type === undefined ? section : `${section} of ${type}`
  );
}

function tableOf(
  section: string,
  type: string | undefined,
  beside: string | undefined,
): string[] {
  if (section === "checks") {
    return table(
      ["kind", "other words", "options", "holds when"],
      Object.keys(CHECKS).map(checkRow),
    );
  }
  const known = beside === undefined ? [] : rowsOf(section, beside).map((row) => row.join("|"));
  const rows = rowsOf(section, type).filter((row) => !known.includes(row.join("|")));
  return table(["key", "value", "default", "meaning"], rows);
}

function rowsOf(section: string, type: string | undefined): string[][] {
  return keysOfSection(section, type).map(({ name, places, meta }) => [
    code(name),
    valueText(places),
    defaultText(places[0]),
    meta.docs ?? meta.description ?? "",
  ]);
}

interface Row extends Pick<Key, "name" | "meta"> {
  /** One for each branch of a union that has the key. */
  readonly places: Place;
}

/** The keys that all branches have in common, or those that one branch has beyond them. */
function keysOfSection(section: string, type: string | undefined): Row[] {
  const place = section === "file" ? placeAt([]) : placeAt(pathOf(section));
  const sections = place.flatMap(branches).filter((branch) => branch instanceof z.ZodObject);
  const common = keysOf(place).flatMap(({ name, meta }): Row[] => {
    const places = sections.flatMap(({ shape }): Place =>
      Object.hasOwn(shape, name) ? [shape[name]] : []
    );
    // What a section says it is differs in all of them.
    const shared = name === "type" || places.every((each) => each === places[0]);
    return shared && places.length === sections.length ? [{ name, meta, places }] : [];
  });
  if (type === undefined) return common;
  return keysOf(place, type)
    .filter(({ name }) => !common.some((each) => each.name === name))
    .map(({ name, meta, schema }) => ({ name, meta, places: [schema] }));
}

/** The path of a section: `columns.<name>` of any column. */
function pathOf(section: string): Path {
  return section.split(".").map((step) => step === "<n>" ? 0 : step);
}

function checkRow(kind: string): string[] {
  const place = placeAt(["checks", 0, kind]);
  const { words = [], description = "" } = metaOf(place[0]);
  const options = keysOf(place).map(({ name }) => name)
    .filter((name) => name !== "name" && name !== "severity");
  // Names of Great Expectations are long, and messages know all of them.
  const short = words.filter((word) => word.length <= 30).slice(0, 2);
  return [code(kind), short.join(", "), options.map(code).join(" "), description];
}

/** What a key takes, in words: its values where they can be counted. */
function valueText(places: Place): string {
  const all = places.flatMap(branches);
  const values = new Set(all.flatMap(valuesOf).map(code));
  const kinds = new Set(all.flatMap(kindOf));
  return [[...values].join(", "), ...kinds].filter((text) => text !== "").join(" or ");
}

function valuesOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String);
  return schema instanceof z.ZodBoolean ? ["true", "false"] : [];
}

function kindOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodString) return ["text"];
  if (schema instanceof z.ZodNumberFormat) return ["whole number"];
  if (schema instanceof z.ZodNumber) return ["number"];
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return ["mapping"];
  if (!(schema instanceof z.ZodArray)) return [];
  const items = branches(schema.element as z.ZodType).flatMap(valuesOf);
  return [items.length === 0 ? "list" : `list of ${items.map(code).join(", ")}`];
}

/** Sections show their defaults in tables of their own. */
function defaultText(schema: z.ZodType): string {
  if (metaOf(schema).leftOut === null) return "";
  const value = metaOf(schema).leftOut ?? standard(schema);
  if (value === undefined || value === null) {
    return mayBeLeftOut(schema) ? "" : "required";
  }
  if (typeof value === "object" && !Array.isArray(value)) return "";
  const isWord = typeof value === "string" && branches(schema).flatMap(valuesOf).includes(value);
  return code(isWord ? value : JSON.stringify(value));
}

/** A key that may be left out need not take `undefined`, which no file can write. */
function mayBeLeftOut(schema: z.ZodType): boolean {
  return schema._zod.optin === "optional" || schema.safeParse(undefined).success;
}

/** The default of a key as a file would write it. */
function standard(schema: z.ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return schema.def.defaultValue;
  }
  return schema instanceof z.ZodPipe ? standard(schema.in as z.ZodType) : undefined;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A Markdown table as the formatter writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, at) =>
    Math.max(...[title, ...rows.map((row) => row[at])].map(width))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell + " ".repeat(widths[at] - width(cell))).join(" | ")} |`;
  return [line(head), line(widths.map((length) => "-".repeat(length))), ...rows.map(line)];
}

function width(text: string): number {
  return [...text].length;
}
