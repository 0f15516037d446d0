import { didYouMean } from "../core/did_you_mean.ts";
import type { ColumnType, SimpleTypeName } from "./pipeline_spec.ts";

/** Types without modifiers. */
export const SIMPLE_TYPES: readonly SimpleTypeName[] = [
  "smallint",
  "integer",
  "bigint",
  "real",
  "double precision",
  "boolean",
  "text",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "interval",
  "uuid",
  "json",
  "jsonb",
  "bytea",
];

/** Postgres's own other names of the same types. */
const SYNONYMS: Readonly<Record<string, string>> = {
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  decimal: "numeric",
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
  float: "double precision",
  double: "double precision",
  number: "numeric",
  long: "bigint",
  int16: "smallint",
  int32: "integer",
  int64: "bigint",
  float32: "real",
  float64: "double precision",
  tinyint: "smallint",
  binary: "bytea",
  object: "jsonb",
  serial: "integer",
  bigserial: "bigint",
};

/** Reads a type as the user wrote it, or says why it is none. */
export function parseColumnType(text: string): ColumnType | { readonly hint: string } {
  const match = /^([a-z0-9_ ]+?)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?$/.exec(
    text.trim().toLowerCase().replace(/\s+/g, " "),
  );
  const word = match?.[1] ?? text.trim().toLowerCase();
  const name = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : word;
  const first = match?.[2] === undefined ? null : Number(match[2]);
  const second = match?.[3] === undefined ? null : Number(match[3]);
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
  if (Object.hasOwn(PEERS, word)) return { hint: `Write "${PEERS[word]}"` };
  const known = [...SIMPLE_TYPES, "numeric", "varchar", "char", ...Object.keys(SYNONYMS)];
  const found = didYouMean(word, [...known, ...Object.keys(PEERS)]);
  const near = found === null ? null : PEERS[found] ?? found;
  return {
    hint: near === null ? `Types: ${known.slice(0, 19).join(", ")}` : `Did you mean "${near}"?`,
  };
}

function numeric(precision: number | null, scale: number | null): ColumnType | { hint: string } {
  if (precision === null) return { name: "numeric", precision: null, scale: null };
  if (precision >= 1 && precision <= 1000 && (scale === null || (scale >= 0 && scale <= 1000))) {
    return { name: "numeric", precision, scale };
  }
  return { hint: "A precision is from 1 to 1000, and a scale from 0 to 1000" };
}
