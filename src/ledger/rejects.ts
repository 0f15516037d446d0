import type { Queryable } from "../db/database.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { findRun } from "./find_run.ts";
import { appliedMigration } from "./ledger.ts";
import { LATEST_MIGRATION } from "./migrations.ts";

/** The rejected rows of one run. */
export interface Rejects {
  /** Null where the pipeline has no run yet. */
  readonly run_id: string | null;
  readonly total: number;
  readonly rows: readonly RejectedRow[];
  readonly groups: readonly RejectGroup[];
}

export interface RejectedRow {
  readonly partition: string | null;
  readonly source_url: string;
  readonly line: number;
  readonly byte_offset: number;
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
  /** As text where it is valid UTF-8, else as `\x` and hex digits. */
  readonly raw: string;
}

export interface RejectGroup {
  readonly column: string | null;
  readonly code: string;
  readonly count: number;
  readonly example: string;
}

/** Which rejects to read. */
export interface RejectFilter {
  /** A run's id or its beginning; the newest run that read anything when left out. */
  readonly run?: string;
  readonly partition?: string;
  /** Rows returned at the most; groups always cover all. */
  readonly limit: number;
}

/** Reads rejected rows, grouped and one by one. */
export async function readRejects(
  db: Queryable,
  spec: Pick<PipelineSpec, "pipeline">,
  filter: RejectFilter,
): Promise<Rejects> {
  const none: Rejects = { run_id: null, total: 0, rows: [], groups: [] };
  const migration = await appliedMigration(db);
  if (migration === 0) return none;
  const runId = filter.run === undefined
    ? await newestRun(db, spec.pipeline)
    : await findRun(db, filter.run, spec.pipeline);
  if (runId === null) return none;
  const partition = filter.partition ?? null;
  const groups = await readRejectGroups(db, runId, partition, migration);
  const rows = await db.query<Omit<RejectedRow, "raw"> & { raw: Uint8Array }>(
    `select partition, source_url, line, byte_offset, column_name as column, code, message, raw
${openRejects(migration)} order by partition nulls first, source_url, byte_offset, id limit ${
      Math.trunc(filter.limit)
    }`,
    [runId, partition],
  );
  return {
    run_id: runId,
    total: groups.reduce((sum, { count }) => sum + count, 0),
    rows: rows.map((row) => ({ ...row, raw: rawText(row.raw) })),
    groups,
  };
}

/** Rejected rows of a run by column and code, the most frequent first; all of them. */
export async function readRejectGroups(
  db: Queryable,
  runId: string,
  /** Null: of all of them. */
  partition: string | null,
  migration = LATEST_MIGRATION,
): Promise<RejectGroup[]> {
  return await db.query<RejectGroup>(
    `select column_name as column, code, count(*)::int as count, min(message) as example
${openRejects(migration)} group by 1, 2 order by 3 desc, 1, 2`,
    [runId, partition],
  );
}

/** The migration that knows replays. */
const REPLAYS = 3;

/**
 * Rejected rows of a run `$1` that were not loaded since, of a partition `$2` or, where that is NULL,
 * of all of them; an older ledger knows no replay.
 */
export function openRejects(migration = LATEST_MIGRATION): string {
  return `from sluice.rejected_rows
where run_id = $1::uuid and ($2::text is null or partition = $2::text)${
    migration < REPLAYS ? "" : " and replayed_at is null"
  }`;
}

/** Rows of one page of an export. */
const PAGE = 1_000;

/** All rejected rows that the filter takes, in the order of the file, page by page. */
export async function* rejectPages(
  db: Queryable,
  spec: Pick<PipelineSpec, "pipeline">,
  filter: Omit<RejectFilter, "limit">,
): AsyncGenerator<readonly RejectedRow[], void, undefined> {
  const migration = await appliedMigration(db);
  if (migration === 0) return;
  const runId = filter.run === undefined
    ? await newestRun(db, spec.pipeline)
    : await findRun(db, filter.run, spec.pipeline);
  for (let after = 0; runId !== null;) {
    const page = await db.query<Omit<RejectedRow, "raw"> & { raw: Uint8Array; id: number }>(
      `select id, partition, source_url, line, byte_offset, column_name as column, code, message, raw
${openRejects(migration)} and id > $3::bigint order by id limit ${PAGE}`,
      [runId, filter.partition ?? null, after],
    );
    if (page.length === 0) return;
    yield page.map(({ id: _id, ...row }) => ({ ...row, raw: rawText(row.raw) }));
    after = page[page.length - 1].id;
  }
}

/** Removes rejected rows of a pipeline that are older than it keeps them. */
export async function forgetOldRejects(
  db: Queryable,
  pipeline: string,
  keepDays: number,
): Promise<number> {
  const gone = await db.query(
    `delete from sluice.rejected_rows
where pipeline = $1 and rejected_at < clock_timestamp() - make_interval(days => $2::int) returning 1`,
    [pipeline, keepDays],
  );
  return gone.length;
}

/** The newest run that read anything: one that found nothing to do has no rejects to show. */
async function newestRun(db: Queryable, pipeline: string): Promise<string | null> {
  const [run] = await db.query<{ id: string }>(
    `select id from sluice.runs r where pipeline = $1 and status <> 'unchanged'
  and coalesce(to_jsonb(r) ->> 'command', 'run') = 'run'
order by started_at desc limit 1`,
    [pipeline],
  );
  return run?.id ?? null;
}

function rawText(raw: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return "\\x" + (raw as Uint8Array & { toHex(): string }).toHex();
  }
}
