import type { Database } from "../../src/db/database.ts";
import { migrate } from "../../src/ledger/mod.ts";
import type { ScheduleSpec } from "../../src/spec/pipeline_spec.ts";

/** A schedule with nothing special about it. */
export function schedule(cron: string, changes: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return {
    cron,
    timezone: "UTC",
    retries: 0,
    retryDelaySeconds: 60,
    jitterSeconds: 0,
    catchUp: true,
    ...changes,
  };
}

/** A moment, in UTC where it has no offset. */
export function at(text: string): Date {
  return new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

/** The ledger, with the table of schedules. */
export async function migrateAll(db: Database): Promise<void> {
  await migrate(db);
  await db.query(SCHEDULES);
}

/** What the ledger's migration makes. */
export const SCHEDULES = `create table if not exists sluice.schedules (
  pipeline text primary key,
  cron text not null,
  timezone text not null,
  -- Ticks up to here are from before this schedule was made or changed.
  since timestamptz not null,
  -- The newest tick that a server took.
  tick timestamptz,
  attempt int not null default 0,
  state text not null default 'waiting'
    check (state in ('waiting', 'running', 'retrying', 'done')),
  retry_at timestamptz,
  owner text,
  started_at timestamptz,
  ended_at timestamptz,
  run_id uuid,
  status text,
  error jsonb
)`;
