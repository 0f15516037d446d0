/** Types of columns that have no modifiers, by their names in pipelines. */
export const SIMPLE_TYPES = [
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
] as const;

export type SimpleTypeName = typeof SIMPLE_TYPES[number];
