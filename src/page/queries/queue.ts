import type { Queryable } from "../../db/database.ts";

/** A process that is connected to this database. Times are ISO 8601 in UTC. */
export interface Connected {
  /** `sluice serve`, `sluice worker` and so on. */
  readonly application: string;
  /** Null: by a socket, or not for this role to see. */
  readonly address: string | null;
  readonly connections: number;
  readonly since: string | null;
}

/** What waits or is worked on: a job of the queue. */
export interface Job {
  readonly id: string;
  readonly task: string;
  readonly key: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly run_at: string;
  readonly locked_at: string | null;
  readonly locked_by: string | null;
  readonly last_error: string | null;
}

/** A partition that a worker has, or that waits for one. */
export interface OpenPart {
  readonly run_id: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly worker: string | null;
  readonly attempts: number;
  readonly offered_at: string;
  readonly claimed_at: string | null;
}

/** Rows of each table that are shown. */
export const QUEUE_ROWS = 200;

/** Processes of Sluice that are connected. */
export async function readConnected(db: Queryable): Promise<Connected[]> {
  return await db.query<Connected>(
    `select application_name as application, host(client_addr) as address,
  count(*)::int as connections, min(backend_start) as since
from pg_stat_activity
where datname = current_database() and application_name like 'sluice %'
group by 1, 2 order by 1, 2 limit ${QUEUE_ROWS}`,
  );
}

/** Jobs of the queue, those first that are next; null where there is no queue. */
export async function readJobs(db: Queryable): Promise<Job[] | null> {
  const [{ there }] = await db.query<{ there: boolean }>(
    `select coalesce(has_schema_privilege(to_regnamespace('sluice_jobs')::oid, 'usage')
  and has_table_privilege(to_regclass('sluice_jobs.jobs')::oid, 'select'), false) as there`,
  );
  if (!there) return null;
  return await db.query<Job>(
    `select id::text, task_identifier as task, key, priority, attempts, max_attempts, run_at,
  locked_at, locked_by, left(last_error, 1000) as last_error
from sluice_jobs.jobs order by locked_at is null, priority, run_at, id limit ${QUEUE_ROWS}`,
  );
}

/** Partitions of distributed runs that are not done, the oldest first. */
export async function readOpenParts(db: Queryable): Promise<OpenPart[]> {
  return await db.query<OpenPart>(
    `select p.run_id, r.pipeline, p.partition, p.worker, p.attempts, p.offered_at, p.claimed_at
from sluice.run_partitions p join sluice.runs r on r.id = p.run_id
where p.finished_at is null and r.status = 'running'
order by p.claimed_at is null, p.offered_at, p.position limit ${QUEUE_ROWS}`,
  );
}

/** A run that goes on. */
export interface OpenRun {
  readonly run_id: string;
  readonly pipeline: string;
  readonly command: string;
  readonly started_at: string;
  readonly host: string | null;
}

/** Runs that go on: of the newest ones of all pipelines. */
export async function readOpenRuns(
  db: Queryable,
  pipelines: readonly string[],
): Promise<OpenRun[]> {
  return await db.query<OpenRun>(
    `select r.id as run_id, r.pipeline, r.command, r.started_at, r.host
from unnest($1::text[]) p
cross join lateral (
  select * from sluice.runs where pipeline = p order by started_at desc limit 5
) r
where r.status = 'running' order by r.started_at limit ${QUEUE_ROWS}`,
    [pipelines],
  );
}
