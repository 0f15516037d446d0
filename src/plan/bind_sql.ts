import { fillPlaceholder, placeholdersOf } from "../core/period.ts";
import type { Period, PipelineSpec } from "../spec/pipeline_spec.ts";

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
 * @param before parameters that come before those of this text
 */
export function bindSql(
  sql: string,
  spec: Pick<PipelineSpec, "partitions">,
  partition: string | null,
  before = 0,
): BoundSql {
  if (spec.partitions === null || partition === null) return { sql, params: [] };
  const by: Period | "list" = spec.partitions.by;
  const params: string[] = [];
  let bound = "";
  let at = 0;
  for (const { text, name, pattern, offset } of placeholdersOf(sql)) {
    const value = fillPlaceholder(by, partition, name, pattern);
    // No placeholder of ours: a regular expression such as [0-9]{3}.
    if (value === null) continue;
    bound += sql.slice(at, offset);
    at = offset + text.length;
    if (isInLiteral(sql.slice(0, offset))) bound += value.replaceAll("'", "''");
    else {
      params.push(value);
      bound += `$${before + params.length}`;
    }
  }
  return { sql: bound + sql.slice(at), params };
}

/** A doubled quote inside a literal ends and begins it at once, which leaves it open. */
function isInLiteral(before: string): boolean {
  return (before.match(/'/g)?.length ?? 0) % 2 === 1;
}
