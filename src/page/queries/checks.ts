import type { Queryable } from "../../db/database.ts";
import type { Run } from "./run.ts";

/** What a check saw. */
export interface CheckRow {
  readonly name: string;
  readonly kind: string;
  readonly severity: string;
  readonly partition: string | null;
  readonly version: number | null;
  /** `passed`, `warned`: it failed, and keeps no load from being published; or `failed`. */
  readonly result: "passed" | "warned" | "failed";
  readonly observed: string | null;
  readonly expected: string | null;
  /** Rows or values that fail, as JSON. */
  readonly examples: readonly unknown[] | null;
  readonly run_id: string | null;
  readonly checked_at: string;
}

const ROW =
  `name, kind, severity, partition, version, observed, expected, examples, run_id, checked_at,
  case when passed then 'passed' when severity = 'warn' then 'warned' else 'failed' end as result`;

/** What the checks of a run saw: those that failed first. */
export async function readChecksOfRun(db: Queryable, run: Run): Promise<CheckRow[]> {
  return await db.query<CheckRow>(
    `select ${ROW} from sluice.check_results
where pipeline = $1 and run_id = $2::uuid and checked_at >= $3::timestamptz - interval '1 minute'
order by passed, severity, name, partition nulls first, id limit 500`,
    [run.pipeline, run.run_id, run.started_at],
  );
}

/** Results that are looked back on. */
export const PAST_CHECKS = 2_000;

/** The newest results of a pipeline's checks, the newest first. */
export async function readChecks(
  db: Queryable,
  pipeline: string,
  /** Empty: of all of them. */
  name: string,
): Promise<CheckRow[]> {
  return await db.query<CheckRow>(
    `select ${ROW} from sluice.check_results
where pipeline = $1 and ($2 = '' or name = $2) order by checked_at desc limit ${PAST_CHECKS}`,
    [pipeline, name],
  );
}
