import { didYouMean } from "../core/did_you_mean.ts";
import { SIMPLE_TYPES, type SimpleTypeName } from "../core/simple_types.ts";

/** A Postgres type of the contract, with its modifiers. */
export type ColumnType =
  | { readonly name: SimpleTypeName }
  | { readonly name: "numeric"; readonly precision: number | null; readonly scale: number | null }
  | { readonly name: "varchar" | "char"; readonly length: number | null };

/** Families of types, by name. */
export const INTEGERS = /^(smallint|integer|bigint)$/;
export const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric)$/;
export const TIMES = /^(date|time|timestamp|timestamptz)$/;
export const TEXTS = /^(text|varchar|char)$/;
/** Numbers with a decimal point. */
export const FRACTIONS = /^(real|double precision|numeric)$/;
/** Those that have a least and a greatest value. */
export const ORDERED = new RegExp(`${NUMBERS.source}|${TIMES.source}`);
/** Those whose values have one text each. */
export const LISTABLE = /^(?!jsonb?$|bytea$)/;

/** Postgres's own other names of the same types. */
const SYNONYMS: Readonly<Record<string, string>> = {
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  float: "double precision",
  decimal: "numeric",
  dec: "numeric",
  "character varying": "varchar",
  character: "char",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  "time without time zone": "time",
};

/** Names that other tools have for a type. */
const PEERS: Readonly<Record<string, string>> = {
  string: "text",
  str: "text",
  datetime: "timestamp",
  double: "double precision",
  number: "numeric",
  long: "bigint",
  int16: "smallint",
  int32: "integer",
  int64: "bigint",
  float32: "real",
  float64: "double precision",
  tinyint: "smallint",
  mediumint: "integer",
  uint8: "smallint",
  uint16: "integer",
  uint32: "bigint",
  uint64: "numeric(20,0)",
  binary: "bytea",
  object: "jsonb",
  blob: "bytea",
  bytes: "bytea",
  dict: "jsonb",
  struct: "jsonb",
  variant: "jsonb",
  smallserial: "smallint",
  serial: "integer",
  bigserial: "bigint",
};

/** Types of Postgres that have no encoder here, with one that holds the same values. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  money: "numeric(19,2)",
  "time with time zone": "time",
  timetz: "time",
  bpchar: "char(1)",
  ...Object.fromEntries(
    ("bit varbit inet cidr macaddr macaddr8 point line lseg box path polygon circle xml tsvector " +
      "tsquery citext hstore ltree geometry geography name oid enum").split(" ")
      .map((name) => [name, "text"]),
  ),
};

/** Lengths of `float(n)` up to this one are `real`. */
const REAL_BITS = 24;

/** Reads a type as the user wrote it, or says why it is none. */
export function parseColumnType(text: string): ColumnType | { readonly hint: string } {
  const match = /^([a-z0-9_ ]+?)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?$/.exec(
    text.trim().toLowerCase().replace(/\s+/g, " "),
  );
  const word = match?.[1] ?? text.trim().toLowerCase();
  const name = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : word;
  const first = match?.[2] === undefined ? null : Number(match[2]);
  const second = match?.[3] === undefined ? null : Number(match[3]);
  if (match !== null && word === "float" && first !== null && second === null) {
    if (first < 1 || first > 53) return { hint: "The length of a float is from 1 to 53" };
    return { name: first <= REAL_BITS ? "real" : "double precision" };
  }
  if (match !== null && name === "numeric") return numeric(first, second);
  if (match !== null && (name === "varchar" || name === "char")) {
    if (second === null && (first === null || (first >= 1 && first <= 10_485_760))) {
      return { name, length: first };
    }
    return { hint: `Write the length as in "${name}(20)", from 1 to 10485760` };
  }
  const simple = SIMPLE_TYPES.find((type) => type === name);
  if (match !== null && simple !== undefined) {
    if (first === null) return { name: simple };
    return { hint: `"${simple}" has no modifier here` };
  }
  if (isCut(word)) {
    return { hint: `In braces a comma ends a value: put the type in quotes, "${word},…)"` };
  }
  if (/\[\s*\d*\s*\]$/.test(word)) return { hint: 'Arrays are not supported: write "text"' };
  if (Object.hasOwn(UNSUPPORTED, word)) {
    return { hint: `Sluice does not support this type: write "${UNSUPPORTED[word]}"` };
  }
  if (Object.hasOwn(PEERS, word)) return { hint: `Write "${PEERS[word]}"` };
  const known = [...SIMPLE_TYPES, "numeric", "varchar", "char", ...Object.keys(SYNONYMS)];
  const found = didYouMean(word, [...known, ...Object.keys(PEERS)]);
  const near = found === null ? null : PEERS[found] ?? found;
  return {
    hint: near === null ? `Types: ${known.slice(0, 19).join(", ")}` : `Did you mean "${near}"?`,
  };
}

/** Whether YAML has taken the comma of `{ type: numeric(10,2) }` for the end of the value. */
export function isCut(text: string): boolean {
  return /^[a-z ]+\(\s*\d+$/i.test(text);
}

function numeric(precision: number | null, scale: number | null): ColumnType | { hint: string } {
  if (precision === null) return { name: "numeric", precision: null, scale: null };
  if (precision >= 1 && precision <= 1000 && Math.abs(scale ?? 0) <= 1000) {
    return { name: "numeric", precision, scale };
  }
  return { hint: "A precision is from 1 to 1000, and a scale from -1000 to 1000" };
}
