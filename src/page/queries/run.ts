import type { ErrorRecord } from "../../core/error.ts";
import type { RunEvent } from "../../core/event.ts";
import type { PartitionResult } from "../../core/result.ts";
import type { Queryable } from "../../db/database.ts";

type Count = number | bigint;

/** A row of `sluice.runs`. Times are ISO 8601 in UTC. */
export interface Run {
  readonly run_id: string;
  readonly command: string;
  readonly pipeline: string;
  readonly target: string;
  readonly environment: string | null;
  readonly status: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  /** Until now where it goes on. */
  readonly seconds: number;
  readonly rows_read: Count;
  readonly rows_loaded: Count;
  readonly rows_rejected: Count;
  readonly rows_duplicate: Count;
  readonly rows_discarded: Count;
  readonly bytes_read: Count;
  /** Seconds. */
  readonly phases: Readonly<Record<string, number>>;
  readonly error: ErrorRecord | null;
  readonly host: string | null;
  readonly version: string | null;
}

const RUN = `id as run_id, command, pipeline, target, environment, status, started_at, ended_at,
  extract(epoch from coalesce(ended_at, clock_timestamp()) - started_at)::double precision as seconds,
  rows_read, rows_loaded, rows_rejected, rows_duplicate, rows_discarded, bytes_read, phases, error,
  host, version`;

/** One run, or null. */
export async function readRun(db: Queryable, runId: string): Promise<Run | null> {
  const [run] = await db.query<Run>(`select ${RUN} from sluice.runs where id = $1::uuid`, [runId]);
  return run ?? null;
}

/** Runs of a pipeline, the newest first, from one that started before a moment. */
export async function readRuns(
  db: Queryable,
  pipeline: string,
  { before, status, limit }: {
    readonly before: string | null;
    /** Empty: any. */
    readonly status: string;
    readonly limit: number;
  },
): Promise<Run[]> {
  return await db.query<Run>(
    `select ${RUN} from sluice.runs
where pipeline = $1 and ($2::timestamptz is null or started_at < $2) and ($3 = '' or status = $3)
order by sluice.runs.started_at desc limit $4`,
    [pipeline, before, status, limit],
  );
}

/** A version that a run published. */
export interface Published {
  readonly partition: string | null;
  readonly version: number;
  readonly state: string;
  readonly rows: Count;
  readonly bytes: Count | null;
  readonly source_url: string;
  readonly rows_inserted: Count | null;
  readonly rows_updated: Count | null;
  readonly rows_deleted: Count | null;
}

/** What a run published, by partition. */
export async function readPublished(db: Queryable, run: Run): Promise<Published[]> {
  return await db.query<Published>(
    `select partition, version, state, rows, bytes, source_url, rows_inserted, rows_updated, rows_deleted
from sluice.loads where target = $1 and run_id = $2::uuid
order by partition nulls first limit 1000`,
    [run.target, run.run_id],
  );
}

/** A partition of a run that workers load. */
export interface WorkerPart {
  readonly position: number;
  readonly partition: string | null;
  readonly worker: string | null;
  readonly attempts: number;
  readonly claimed_at: string | null;
  readonly finished_at: string | null;
  readonly progress: RunEvent | null;
  readonly result: PartitionResult | null;
}

/** Partitions of a distributed run; none of another one. */
export async function readWorkerParts(db: Queryable, runId: string): Promise<WorkerPart[]> {
  return await db.query<WorkerPart>(
    `select position, partition, worker, attempts, claimed_at, finished_at, progress, result
from sluice.run_partitions where run_id = $1::uuid order by position limit 1000`,
    [runId],
  );
}

/** Rows that go into a staging table just now. */
export interface Copying {
  /** The staging table, without its schema. */
  readonly table: string;
  readonly rows: Count;
  readonly bytes: Count;
}

/**
 * What Postgres copies into staging for the target of a run that goes on, whichever process runs it.
 *
 * A target is loaded by one run at a time. A role sees its own connections only.
 */
async function readCopying(db: Queryable, run: Run): Promise<Copying[]> {
  return await db.query<Copying>(
    `select t.table_name as table, sum(p.tuples_processed)::bigint as rows,
  sum(p.bytes_processed)::bigint as bytes
from pg_stat_progress_copy p
join sluice.tables t on t.table_oid = p.relid and t.target = $1 and t.kind = 'staging'
where p.datid = (select oid from pg_database where datname = current_database())
group by t.table_name order by t.table_name limit 100`,
    [run.target],
  );
}

/** Rejected rows of a run that goes on which are counted at most. */
const MOST_REJECTS = 100_000;

/**
 * What the database knows of a run of another process that goes on, whose row in the ledger has its
 * counts only when it ends.
 */
export async function readOngoing(
  db: Queryable,
  run: Run,
  parts: readonly WorkerPart[],
): Promise<{ readonly run: Run; readonly copying: Copying[]; readonly published: Published[] }> {
  const published = await readPublished(db, run);
  const [{ rejected }] = await db.query<{ rejected: number }>(
    `select count(*)::int as rejected from (
  select from sluice.rejected_rows where run_id = $1::uuid limit ${MOST_REJECTS}
) counted`,
    [run.run_id],
  );
  const loaded = published.reduce((sum, { rows }) => sum + Number(rows), 0);
  return {
    run: { ...run, rows_rejected: rejected, rows_loaded: loaded },
    // Workers tell themselves how far they are.
    copying: parts.length > 0 ? [] : await readCopying(db, run),
    published,
  };
}

/** A change of the target's columns. */
export interface SchemaChange {
  readonly statement: string;
  readonly reason: string;
}

export async function readSchemaChanges(db: Queryable, run: Run): Promise<SchemaChange[]> {
  return await db.query<SchemaChange>(
    `select statement, reason from sluice.schema_changes
where target = $1 and run_id = $2::uuid order by id limit 200`,
    [run.target, run.run_id],
  );
}

/** A statement of the run's plan. */
export interface PlannedStatement {
  /** What it is a part of. */
  readonly step: string;
  readonly why: string;
  readonly lock: string | null;
  readonly sql: string;
}

/** The statements of a run's plan; none of one that had nothing to do, or that was long ago. */
export async function readStatements(db: Queryable, runId: string): Promise<PlannedStatement[]> {
  const [plan] = await db.query<{ statements: PlannedStatement[] }>(
    `select statements from sluice.run_plans where run_id = $1::uuid`,
    [runId],
  );
  return plan?.statements ?? [];
}

/** A record of `sluice.logs`. */
export interface LogRecord {
  /** Null: it is in the memory of this process only. */
  readonly id: Count | null;
  readonly at: string;
  readonly level: string;
  readonly partition: string | null;
  readonly stage: string | null;
  readonly message: string;
}

/** Which records of a log. */
export interface LogFilter {
  /** The least that is shown. */
  readonly level: string;
  /** Part of the message. */
  readonly text: string;
  /** Only records before this one; null: from the newest on. */
  readonly before: string | null;
}

export const LEVELS = ["debug", "info", "warning", "error"];

/** Records that are shown at once. */
export const LOG_PAGE = 200;

/** The newest records of a run's log that the filter takes, the newest first. */
export async function readLog(
  db: Queryable,
  runId: string,
  { level, text, before }: LogFilter,
): Promise<LogRecord[]> {
  return await db.query<LogRecord>(
    `select id, at, level, partition, stage, message from sluice.logs
where run_id = $1::uuid and ($2::bigint is null or id < $2) and level = any($3::text[])
  and ($4 = '' or strpos(lower(message), lower($4)) > 0)
order by id desc limit ${LOG_PAGE + 1}`,
    [runId, before, LEVELS.slice(Math.max(0, LEVELS.indexOf(level))), text],
  );
}
