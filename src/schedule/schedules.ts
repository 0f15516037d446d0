import type { ErrorRecord } from "../core/error.ts";
import type { Recurrence } from "../core/occurrences.ts";
import { storableJson } from "../core/storable_json.ts";
import { storing } from "../db/storing.ts";
import type { Queryable } from "../db/database.ts";
import type { ScheduleRow, ScheduleState } from "./decide.ts";
import type { LastTick } from "./model.ts";

/** A row of `sluice.schedules`. */
export interface ScheduleRecord extends ScheduleRow, Recurrence {
  /** What only people and monitors look at; null: no server has taken a tick yet. */
  readonly last: LastTick | null;
}

/** What an attempt came to. */
export interface AttemptEnd {
  readonly state: Extract<ScheduleState, "retrying" | "done">;
  /** Attempts that count. */
  readonly attempt: number;
  readonly retryAt: Date | null;
  readonly runId: string | null;
  readonly status: string;
  readonly error: ErrorRecord | null;
}

/** Every schedule that a server of this database ever registered, by name. */
export async function readSchedules(db: Queryable): Promise<Map<string, ScheduleRecord>> {
  const rows = await db.query<Columns>(`select ${COLUMNS} from sluice.schedules`);
  return new Map(rows.map((row) => [row.pipeline, recordOf(row)]));
}

/** One schedule, or null. */
export async function readSchedule(
  db: Queryable,
  pipeline: string,
): Promise<ScheduleRecord | null> {
  const [row] = await db.query<Columns>(
    `select ${COLUMNS} from sluice.schedules where pipeline = $1`,
    [pipeline],
  );
  return row === undefined ? null : recordOf(row);
}

/**
 * Makes a schedule known.
 *
 * A new one, and one that names other times than before, begins with this server: what it would have
 * asked for earlier nobody waits for.
 */
export async function registerSchedule(
  db: Queryable,
  pipeline: string,
  { cron, timezone }: Recurrence,
  serving: Date,
): Promise<void> {
  await db.query(
    `insert into sluice.schedules as s (pipeline, cron, timezone, since)
values ($1, $2, $3, $4)
on conflict (pipeline) do update
set cron = excluded.cron, timezone = excluded.timezone, since = excluded.since
where (s.cron, s.timezone) <> (excluded.cron, excluded.timezone)`,
    [pipeline, cron, timezone, serving],
  );
}

/**
 * Restarts a schedule whose row a clock wrote that was ahead; false where the row has changed
 * since.
 */
export async function rewindSchedule(
  db: Queryable,
  { pipeline, since, tick, attempt }: ScheduleRow,
  now: Date,
): Promise<boolean> {
  const rewound = await db.query(
    `update sluice.schedules
set since = $5, tick = null, attempt = 0, state = 'waiting', retry_at = null
where pipeline = $1 and date_trunc('milliseconds', since) = $2 and tick is not distinct from $3 and attempt = $4
returning pipeline`,
    [pipeline, since, tick, attempt, now],
  );
  return rewound.length === 1;
}

/**
 * Takes an attempt at a tick; false where the row is no longer what the decision was made on.
 *
 * Of two servers that decided the same, one gets it: the second finds another row, even if a lock
 * was lost.
 */
export async function takeAttempt(
  db: Queryable,
  row: ScheduleRow,
  { tick, attempt }: { readonly tick: Date; readonly attempt: number },
  owner: string,
  now: Date,
): Promise<boolean> {
  const taken = await db.query(
    `update sluice.schedules
set tick = $5, attempt = $6, state = 'running', retry_at = null, owner = $7, started_at = $8,
  ended_at = null, run_id = null, status = null, error = null
where pipeline = $1 and tick is not distinct from $2 and attempt = $3 and state = $4
returning pipeline`,
    [row.pipeline, row.tick, row.attempt, row.state, tick, attempt, owner, now],
  );
  return taken.length === 1;
}

/** Records what an attempt came to; false where another server has taken the schedule over. */
export async function endAttempt(
  db: Queryable,
  pipeline: string,
  taken: { readonly tick: Date; readonly attempt: number },
  owner: string,
  end: AttemptEnd,
  now: Date,
): Promise<boolean> {
  const ended = await storing((text) =>
    db.query(
      `update sluice.schedules
set state = $5, attempt = $6, retry_at = $7, run_id = $8, status = $9, error = $10::text::jsonb,
  ended_at = $11
where pipeline = $1 and tick = $2 and attempt = $3 and owner = $4 and state = 'running'
returning pipeline`,
      [
        pipeline,
        taken.tick,
        taken.attempt,
        owner,
        end.state,
        end.attempt,
        end.retryAt,
        end.runId,
        end.status,
        end.error === null ? null : storableJson(end.error, text),
        now,
      ],
    )
  );
  return ended.length === 1;
}

/** Name of the advisory lock of a server that runs the pipeline. */
export function scheduleLock(pipeline: string): string {
  return `sluice:schedule:${pipeline}`;
}

const COLUMNS = `pipeline, cron, timezone, since, tick, attempt, state, retry_at, owner, started_at,
  ended_at, run_id, status, error`;

interface Columns extends Omit<LastTick, "tick" | "state">, Recurrence {
  readonly pipeline: string;
  readonly since: string;
  readonly tick: string | null;
  readonly state: ScheduleState;
}

function recordOf({ pipeline, cron, timezone, since, tick, ...row }: Columns): ScheduleRecord {
  return {
    pipeline,
    cron,
    timezone,
    since: new Date(since),
    tick: dateOf(tick),
    attempt: row.attempt,
    state: row.state,
    retryAt: dateOf(row.retry_at),
    last: tick === null ? null : {
      ...row,
      tick: isoOf(tick),
      retry_at: isoOf(row.retry_at),
      started_at: isoOf(row.started_at),
      ended_at: isoOf(row.ended_at),
    },
  };
}

/** To the millisecond, as JavaScript writes a time. */
function isoOf<T extends string | null>(text: T): T {
  return (text === null ? null : new Date(text).toISOString()) as T;
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
