import { quotedText } from "../core/quoted_text.ts";
import { sqlType } from "../plan/sql_types.ts";
import { parseColumnType } from "../spec/column_type.ts";
import type { SourceColumn, SourceRows } from "../source/read_table.ts";
import { scalar, shown } from "./write_pipeline.ts";

/** Which rows of a database are wanted: a table, or what a query returns. */
export type RowsWanted = { readonly table: string } | { readonly query: string };

/** What a pipeline for a table or query of a database is written from. */
export interface DatabaseRequest {
  readonly pipeline: string;
  /** `schema.table` to load into. */
  readonly target: string;
  /** Of the source, as the file has it. */
  readonly url: string;
  readonly wanted: RowsWanted;
}

/** The text of a pipeline that loads a table or a query, with its columns and their types. */
export function pipelineFromDatabase(
  { pipeline, target, url, wanted }: DatabaseRequest,
  { columns, key }: SourceRows,
): string {
  const lines = [
    `# The columns are those of ${
      "table" in wanted ? shown(wanted.table) : "the query"
    }, as its database has them`,
    `pipeline: ${scalar(pipeline)}`,
    "",
    "source:",
    `  url: ${quotedText(url)}`,
    ..."table" in wanted ? [`  table: ${scalar(wanted.table)}`] : [
      "  query: |",
      ...wanted.query.trim().split(/\r?\n/).map((line) => `    ${line}`.trimEnd()),
    ],
    "",
    "target:",
    `  table: ${scalar(target)}`,
    "",
    ...(key.length === 0
      ? []
      : [`idempotency_key: [${key.map(scalar).join(", ")}] # the primary key`, ""]),
    "columns:",
    ...columns.map(columnLine),
  ];
  return `${lines.join("\n")}\n`;
}

function columnLine({ name, type, notNull }: SourceColumn): string {
  const parsed = parseColumnType(type);
  const written = "hint" in parsed ? "text" : sqlType(parsed);
  const value = notNull ? `{ type: ${inBraces(written)}, required: true }` : scalar(written);
  const why = "hint" in parsed
    ? ` # ${shown(type)} there`
    : parsed.name === "other" && written.includes(".")
    ? " # a type of that database: where it is loaded it must stand too"
    : "";
  return `  ${scalar(name)}: ${value}${why}`;
}

/** In braces a comma ends a value. */
function inBraces(text: string): string {
  return text.includes(",") ? quotedText(text) : scalar(text);
}
