import { SIMPLE_TYPES } from "../core/simple_types.ts";
import type { ColumnInfo } from "../db/catalog/catalog.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";

/** A column type as DDL writes it: `numeric(10,2)`, `double precision`. */
export function sqlType(type: ColumnType): string {
  switch (type.name) {
    case "numeric":
      if (type.precision === null) return "numeric";
      return `numeric(${type.precision},${type.scale ?? 0})`;
    case "varchar":
      return type.length === null ? "varchar" : `varchar(${type.length})`;
    case "char":
      return `char(${type.length ?? 1})`;
    case "other":
      return type.sql;
    default:
      return type.name;
  }
}

/** Types, and elements of arrays, that a cast cuts to their length. */
const CUTTING =
  /^(?:pg_catalog\.)?(bit varying|bit|varbit|character varying|varchar|character|char)\(\d+\)/;

const UNCUT: Readonly<Record<string, string>> = {
  "bit varying": "bit varying",
  "bit": "bit varying",
  "varbit": "bit varying",
  "character varying": "text",
  "varchar": "text",
  "character": "text",
  "char": "text",
};

/** A type without its length, into which a cast cuts and rounds nothing. */
export function looseType(type: ColumnType): string {
  if (type.name === "varchar" || type.name === "char") return "pg_catalog.text";
  if (type.name === "numeric") return "pg_catalog.numeric";
  return type.name === "other"
    ? type.sql.replace(CUTTING, (_, base) => UNCUT[base])
    : sqlType(type);
}

/** A column type as Postgres's `format_type` prints it, to compare with the catalog. */
export function catalogType(type: ColumnType): string {
  if (type.name === "other") return type.sql;
  const written = sqlType(type);
  const base = written.replace(/\(.*/, "");
  const modifier = written.slice(base.length);
  return (CATALOG_NAMES[base] ?? base) + modifier;
}

const CATALOG_NAMES: Readonly<Record<string, string>> = {
  varchar: "character varying",
  char: "character",
  time: "time without time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
};

/** A column type from how `format_type` prints it; null for one that pipelines do not have. */
export function columnTypeOf(printed: string): ColumnType | null {
  const match = /^([a-z ]+?)(?:\((\d+)(?:,(\d+))?\))?$/.exec(printed);
  if (match === null) return null;
  const [, base, first, second] = match;
  const own = Object.entries(CATALOG_NAMES).find(([, theirs]) => theirs === base)?.[0] ?? base;
  const length = first === undefined ? null : Number(first);
  if (own === "numeric") {
    return { name: own, precision: length, scale: second === undefined ? null : Number(second) };
  }
  if (own === "varchar" || own === "char") return { name: own, length };
  const simple = SIMPLE_TYPES.find((name) => name === own);
  return simple === undefined || length !== null ? null : { name: simple };
}

/** Whether a column is of a type, or of a domain over it, which reads the same texts. */
export function isOfType(column: Pick<ColumnInfo, "type" | "fullType">, type: ColumnType): boolean {
  const wanted = catalogType(type);
  return column.type === wanted || (type.name === "other" && column.fullType === wanted);
}
