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

/** Those of them that Postgres takes a number of digits with, for fractions of a second. */
export const PRECISE_TYPES: ReadonlySet<string> = new Set(
  SIMPLE_TYPES.filter((name) => /^(time|timestamp|timestamptz|interval)$/.test(name)),
);
