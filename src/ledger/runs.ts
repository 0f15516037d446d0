import type { RunResult, RunStatus } from "../core/result.ts";
import type { Queryable } from "../db/database.ts";

/** What a run does: load sources, or rejected rows once more. */
export type RunCommand = "run" | "replay";

/** What is known when a run starts. */
export interface RunStart {
  readonly id: string;
  readonly command: RunCommand;
  readonly pipeline: string;
  readonly target: string;
  readonly specHash: string;
  readonly environment: string | null;
  readonly host: string;
  readonly version: string;
}

/** Records that a run has started. */
export async function startRun(db: Queryable, run: RunStart): Promise<void> {
  await db.query(
    `insert into sluice.runs
  (id, pipeline, target, spec_hash, environment, status, host, version, command)
values ($1, $2, $3, $4, $5, 'running', $6, $7, $8)`,
    [
      run.id,
      run.pipeline,
      run.target,
      run.specHash,
      run.environment,
      run.host,
      run.version,
      run.command,
    ],
  );
}

/** Records how a run ended. */
export async function finishRun(db: Queryable, result: RunResult): Promise<void> {
  const phases: Record<string, number> = {};
  for (const partition of result.partitions) {
    for (const [phase, seconds] of Object.entries(partition.phases)) {
      phases[phase] = Math.round(((phases[phase] ?? 0) + seconds) * 1e6) / 1e6;
    }
  }
  await db.query(
    `update sluice.runs set status = $2, ended_at = clock_timestamp(), rows_read = $3,
  rows_loaded = $4, rows_rejected = $5, rows_duplicate = $6, rows_discarded = $7, bytes_read = $8,
  phases = $9::text::jsonb, error = $10::text::jsonb
where id = $1`,
    [
      result.run_id,
      result.status satisfies RunStatus,
      result.rows_read,
      result.rows_loaded,
      result.rows_rejected,
      result.rows_duplicate,
      result.rows_discarded,
      result.bytes_read,
      JSON.stringify(phases),
      result.error === null ? null : JSON.stringify(result.error),
    ],
  );
}

/**
 * Marks runs that died without a word.
 *
 * Only called while holding the target's lock: a run that still says `running` then has no process.
 */
export async function markDeadRuns(db: Queryable, target: string): Promise<number> {
  const dead = await db.query(
    `update sluice.runs set status = 'interrupted', ended_at = clock_timestamp(),
  error = '{"code": "ledger/died", "message": "The process ended without recording how", "retry": "later"}'
where target = $1 and status = 'running' returning id`,
    [target],
  );
  return dead.length;
}
