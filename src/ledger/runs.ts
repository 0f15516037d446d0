import type { RunResult, RunStatus } from "../core/result.ts";
import { SluiceError } from "../core/error.ts";
import { storableJson } from "../core/storable_json.ts";
import type { Queryable } from "../db/database.ts";
import { isError } from "../db/sqlstate.ts";
import { storing, type TextMap } from "../db/storing.ts";

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

/**
 * Records that a run has started; once more, where a first attempt at it had to be given up.
 *
 * To be called on the session that holds the target's lock: the next holder of the lock finds this
 * row, and marks it dead before anything else.
 */
export async function startRun(session: Queryable, run: RunStart): Promise<void> {
  const start = (text: TextMap) =>
    session.query(
      `insert into sluice.runs
  (id, pipeline, target, spec_hash, environment, status, host, version, command)
values ($1, $2, $3, $4, $5, 'running', $6, $7, $8)
on conflict (id) do update set status = 'running', ended_at = null, error = null`,
      [
        run.id,
        run.pipeline,
        run.target,
        run.specHash,
        run.environment === null ? null : text(run.environment),
        run.host === null ? null : text(run.host),
        run.version,
        run.command,
      ],
    );
  await storing(start);
}

/** Records how a run ended. */
export async function finishRun(db: Queryable, result: RunResult): Promise<void> {
  const phases: Record<string, number> = {};
  for (const partition of result.partitions) {
    for (const [phase, seconds] of Object.entries(partition.phases)) {
      phases[phase] = Math.round(((phases[phase] ?? 0) + seconds) * 1e6) / 1e6;
    }
  }
  const finish = (text: TextMap) =>
    db.query(
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
        storableJson(phases),
        result.error === null ? null : storableJson(result.error, text),
      ],
    );
  await storing(finish);
}

/** How long what a dead run had under way may take to end: Postgres looks for its client so often. */
const DEAD_RUN_TIMEOUT = "15s";

/**
 * Marks runs that died without a word.
 *
 * Only called on the session that holds the target's lock: a run that still says `running` then has
 * no process, or has lost its lock and must not go on (`fencedDatabase`). Over any other connection
 * a run that has itself lost the lock could mark the one that has it.
 *
 * @throws SluiceError `ledger/target_locked` (retry later) where such a run is in a transaction
 */
export async function markDeadRuns(session: Queryable, target: string): Promise<number> {
  await session.query("begin");
  try {
    await session.query(`select set_config('lock_timeout', $1, true)`, [DEAD_RUN_TIMEOUT]);
    const dead = await session.query(
      `update sluice.runs set status = 'interrupted', ended_at = clock_timestamp(),
  error = '{"code": "ledger/died", "message": "The process ended without recording how", "retry": "later"}'
where target = $1 and status = 'running' returning id`,
      [target],
    );
    await session.query("commit");
    return dead.length;
  } catch (error) {
    await session.query("rollback").catch(() => {});
    if (!isError(error, "lockTimeout")) throw error;
    throw new SluiceError(
      "ledger/target_locked",
      `An earlier run is still at work on "${target}", although the connection of its lock has dropped`,
      { retry: "later", hint: "Wait until it ends, then run again", cause: error },
    );
  }
}
