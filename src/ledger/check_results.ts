import type { CheckResult } from "../core/result.ts";
import { storableJson } from "../core/storable_json.ts";
import type { Queryable } from "../db/database.ts";
import { storing, type TextMap } from "../db/storing.ts";

/** Whose checks they are. */
export interface CheckedLoad {
  /** Null: looked at by the command `check`. */
  readonly runId: string | null;
  readonly pipeline: string;
  readonly target: string;
  readonly version: number | null;
}

/** Records what checks saw. */
export async function recordChecks(
  db: Queryable,
  { runId, pipeline, target, version }: CheckedLoad,
  results: readonly CheckResult[],
): Promise<void> {
  if (results.length === 0) return;
  const record = (text: TextMap) =>
    db.query(
      `insert into sluice.check_results
  (run_id, pipeline, target, partition, version, name, kind, severity, passed, observed, expected, examples)
select $1::uuid, $2, $3, r.partition, $4, r.name, r.kind, r.severity, r.passed, r.observed, r.expected,
  r.examples
from json_to_recordset($5::text::json) as r (partition text, name text, kind text, severity text,
  passed boolean, observed text, expected text, examples jsonb)`,
      [runId, pipeline, target, version, storableJson(results, text)],
    );
  await storing(record);
}
