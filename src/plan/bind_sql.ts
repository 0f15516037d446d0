import { placeholdersOf } from "../core/period.ts";
import { quoteLiteral } from "../core/quote.ts";
import { contextAt, type SqlContext, sqlParts } from "../core/sql_text.ts";
import { fillInSql } from "../core/zoned_period.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** SQL of the pipeline file with the partition's values bound. */
export interface BoundSql {
  readonly sql: string;
  /** Bound as `$1…`, after those that were there before. */
  readonly params: readonly string[];
}

/**
 * Binds `{month:start}`-like placeholders of SQL as parameters.
 *
 * What stands between quotes in the SQL becomes text there: `date '{month:start}'` works as well.
 *
 * @param before parameters that come before those of this text; null: values are written as
 * literals, for SQL that takes no parameters
 */
export function bindSql(
  sql: string,
  spec: Pick<PipelineSpec, "partitions">,
  partition: string | null,
  before: number | null = 0,
): BoundSql {
  if (spec.partitions === null || partition === null) return { sql, params: [] };
  const { partitions } = spec;
  const { parts } = sqlParts(sql);
  const params: string[] = [];
  let bound = "";
  let at = 0;
  for (const { text, name, pattern, offset } of placeholdersOf(sql)) {
    const value = fillInSql(partitions, partition, name, pattern);
    // No placeholder of ours: a regular expression such as [0-9]{3}.
    if (value === null) continue;
    bound += sql.slice(at, offset);
    at = offset + text.length;
    const context = contextAt(parts, offset);
    if (context === "code" && before === null) bound += quoteLiteral(value);
    else if (context === "code") {
      params.push(value);
      bound += `$${before! + params.length}`;
    } else bound += writtenIn(context, value) ?? text;
  }
  return { sql: bound + sql.slice(at), params };
}

/** A value as a part of a text in SQL; null where it has no place there. */
function writtenIn(context: SqlContext, value: string): string | null {
  switch (context) {
    case "literal":
      return value.replaceAll("'", "''");
    case "escaped_literal":
      return value.replaceAll("\\", "\\\\").replaceAll("'", "''");
    case "identifier":
      return value.replaceAll('"', '""');
    case "dollar":
      return value.includes("$") ? null : value;
    default:
      return null;
  }
}
