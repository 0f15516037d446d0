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
    default:
      return type.name;
  }
}

/** A column type as Postgres's `format_type` prints it, to compare with the catalog. */
export function catalogType(type: ColumnType): string {
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
