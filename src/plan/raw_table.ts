import { OFFSET_COLUMN, rawTableName } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { ColumnSpec } from "../spec/pipeline_spec.ts";
import { nameOf, recordTable } from "./identity.ts";
import type { Layout } from "./layout.ts";
import type { Statement, TableName } from "./load_plan.ts";
import { looseType, sqlType } from "./sql_types.ts";
import { STAGING_COMMENT } from "./staging.ts";

/** The table that rows wait in before they come into staging. */
export function rawTableOf(staging: TableName): TableName {
  return { schema: staging.schema, table: rawTableName(staging.table) };
}

/**
 * Makes that table: every column of a load, without a constraint.
 *
 * @param passing columns that are read and that the target does not have
 * @param isKeyed rows are looked for by their offset from the first one on
 */
export function rawTable(
  layout: Layout,
  passing: readonly ColumnSpec[],
  raw: TableName,
  isKeyed: boolean,
): Statement[] {
  const columns = [
    ...[...layout.loaded, ...passing].map(({ name, type, expression }) =>
      // What is computed meets its length in staging.
      `  ${quoteIdent(name)} ${expression === undefined ? sqlType(type) : looseType(type)}`
    ),
    `  ${quoteIdent(OFFSET_COLUMN)} bigint${isKeyed ? " primary key" : ""}`,
  ];
  return [
    {
      sql: `create table ${quoteTable(raw)} (\n${columns.join(",\n")}\n)`,
      params: [],
      why: isKeyed
        ? "Rows wait here while those that Postgres refuses are looked for"
        : "Rows wait here until their columns are computed",
      lock: null,
    },
    {
      sql: `comment on table ${quoteTable(raw)} is ${quoteLiteral(STAGING_COMMENT)}`,
      params: [],
      why: "Marks the table for later runs",
      lock: null,
    },
    recordTable(nameOf(layout.target), raw, "staging"),
  ];
}
