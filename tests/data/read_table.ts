import { quoteIdent, quoteTable } from "../../src/core/quote.ts";
import type { Queryable } from "../../src/db/database.ts";
import type { ColumnSpec, PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { parseDecimal } from "./decimal.ts";
import type { ExpectedColumn } from "./slow_load.ts";

/** Rows of the target, and the figures of each column to hold against an {@link ExpectedColumn}. */
export async function readTable(
  db: Queryable,
  spec: PipelineSpec,
): Promise<{ rows: number; columns: Record<string, ExpectedColumn> }> {
  const parts = spec.columns.map((column, at) =>
    `count(*) - count(${quoteIdent(column.name)}) as nulls_${at}, ` +
    `(${aggregate(column, "sum")})::text as sum_${at}, ` +
    `(${aggregate(column, "min")})::text as min_${at}, ` +
    `(${aggregate(column, "max")})::text as max_${at}, ` +
    `(${aggregate(column, "bytes")})::text as bytes_${at}`
  );
  const sql = `select count(*) as rows, ${parts.join(", ")} from ${quoteTable(spec.target)}`;
  const [row] = await db.query<Record<string, string | number | null>>(sql);
  const columns: Record<string, ExpectedColumn> = {};
  spec.columns.forEach(({ name }, at) => {
    const text = (figure: string) => {
      const value = row[`${figure}_${at}`];
      return value === null ? null : String(value);
    };
    const sum = text("sum");
    const bytes = text("bytes");
    columns[name] = {
      nulls: Number(row[`nulls_${at}`]),
      sum: sum === null ? null : parseDecimal(sum),
      min: text("min"),
      max: text("max"),
      bytes: bytes === null ? null : Number(bytes),
    };
  });
  return { rows: Number(row.rows), columns };
}

/** Rejects of a run, by column. */
export async function readRejects(db: Queryable, run: string): Promise<Record<string, number>> {
  const rows = await db.query<{ column: string; count: number | string }>(
    `select coalesce(column_name, '') as column, count(*) as count
     from sluice.rejected_rows where run_id = $1 group by 1`,
    [run],
  );
  return Object.fromEntries(rows.map(({ column, count }) => [column, Number(count)]));
}

function aggregate({ name, type }: ColumnSpec, figure: "sum" | "min" | "max" | "bytes"): string {
  const column = quoteIdent(name);
  switch (type.name) {
    case "smallint":
    case "integer":
    case "bigint":
    case "numeric":
      return figure === "sum" ? `sum(${column})` : "null";
    case "double precision":
      // By way of text, which holds every bit: a cast to numeric rounds to 15 digits.
      return figure === "sum" ? `sum(${column}::text::numeric)` : "null";
    case "boolean":
      return figure === "sum" ? `sum(${column}::int)` : "null";
    case "date":
    case "timestamp":
      return figure === "min" || figure === "max" ? `${figure}(${column})` : "null";
    case "text":
    case "varchar":
      return figure === "bytes" ? `sum(octet_length(${column}))` : "null";
    default:
      return "null";
  }
}
