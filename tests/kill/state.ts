import type { Queryable } from "../../src/db/database.ts";
import { STAGING_COMMENT } from "../../src/plan/staging.ts";
import type { KillPipeline } from "./pipelines.ts";

/** What is live of one partition, and what the ledger says about it. */
export interface PartitionState {
  /** Checksum over all rows; null where there is none. */
  readonly content: string | null;
  /** The ledger's live row, without what differs from run to run; null where there is none. */
  readonly live: string | null;
  readonly rows: number;
  /** Rejected rows kept of the run that loaded it. */
  readonly rejects: number;
}

/** A target as it stands: by partition. */
export type State = ReadonlyMap<string, PartitionState>;

/** Name of the harness's own connections, which `settle` does not wait for. */
export const HARNESS = "kill harness";

/** Reads the live content and the ledger's word on it, and throws where they contradict. */
export async function readState(db: Queryable, pipeline: KillPipeline): Promise<State> {
  const content = await readContent(db, pipeline);
  const live = await readLive(db, pipeline);
  const state = new Map<string, PartitionState>();
  for (const partition of [...new Set([...content.keys(), ...live.keys()])].sort()) {
    const { checksum = null, rows = 0 } = content.get(partition) ?? {};
    const { signature = null, rejects = 0 } = live.get(partition) ?? {};
    state.set(partition, { content: checksum, live: signature, rows, rejects });
  }
  await requireAttached(db, pipeline);
  return state;
}

/** Checksum and number of rows of each partition; times of history count only by being there. */
export async function readContent(
  db: Queryable,
  { target, partition }: KillPipeline,
): Promise<ReadonlyMap<string, { checksum: string; rows: number }>> {
  if (!await exists(db, target)) return new Map();
  const rows = await db.query<{ partition: string; checksum: string; rows: number }>(
    `select partition, md5(string_agg(image, '' order by image)) as checksum, count(*)::int as rows
from (
  select ${partition} as partition,
    md5((to_jsonb(t) - '_valid_from' - '_valid_to' || case when to_jsonb(t) ? '_valid_to'
      then jsonb_build_object('closed', to_jsonb(t) ->> '_valid_to' is not null,
        'opened', to_jsonb(t) ->> '_valid_from' is not null)
      else '{}' end)::text) as image
  from ${target} t) r
group by partition`,
  );
  return new Map(rows.map((row) => [row.partition, row]));
}

async function readLive(
  db: Queryable,
  { target }: KillPipeline,
): Promise<ReadonlyMap<string, { signature: string; rejects: number }>> {
  if (!await exists(db, "sluice.loads")) return new Map();
  const rows = await db.query<{ partition: string; signature: string; rejects: number }>(
    `select coalesce(partition, 'all') as partition,
  concat_ws(' ', 'version', version, 'rows', rows, 'of', bytes, 'bytes', left(sha256, 8)) ||
    coalesce(to_jsonb(l) -> 'merge' ->> 'kind', '') ||
    coalesce(' inserted ' || (to_jsonb(l) ->> 'rows_inserted'), '') ||
    coalesce(' updated ' || (to_jsonb(l) ->> 'rows_updated'), '') ||
    coalesce(' unchanged ' || (to_jsonb(l) ->> 'rows_unchanged'), '') ||
    coalesce(' deleted ' || (to_jsonb(l) ->> 'rows_deleted'), '') as signature,
  (select count(*)::int from sluice.rejected_rows r where r.run_id = l.run_id
    and r.partition is not distinct from l.partition) as rejects
from sluice.loads l where state = 'live' and target = $1`,
    [target],
  );
  if (new Set(rows.map((row) => row.partition)).size < rows.length) {
    throw new Error("The ledger has two live versions of one partition");
  }
  return new Map(rows.map((row) => [row.partition, row]));
}

/** The partition attached is the exchanged version that the ledger's live one lies in. */
async function requireAttached(db: Queryable, { target }: KillPipeline): Promise<void> {
  if (!await exists(db, "sluice.loads") || !await exists(db, target)) return;
  const wrong = await db.query<{ wrong: string }>(
    `with attached as (
  select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::text::regclass and c.relname !~ '__v0$'
), exchanged as (
  select table_name as name, rows, partition from sluice.loads l
  where target = $1 and state = 'live' and to_jsonb(l) ->> 'merge' is null
)
select 'attached and not live: ' || a.name as wrong from attached a
where a.name not in (select name from exchanged)
union all
select 'live and not attached: ' || e.name from exchanged e
where e.name not in (select name from attached)`,
    [target],
  );
  if (wrong.length > 0) throw new Error(wrong.map((row) => row.wrong).join("; "));
}

/** What a died run left: tables no version needs, broken indexes, runs that never ended. */
export async function leftovers(db: Queryable, { target }: KillPipeline): Promise<string[]> {
  // Without a ledger nothing was begun.
  if (!await exists(db, "sluice.loads")) return [];
  const [schema, table] = target.split(".");
  const rows = await db.query<{ what: string }>(
    `select 'table ' || c.relname as what
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p') and starts_with(c.relname, $2 || '__') and (
  obj_description(c.oid, 'pg_class') = $3
  or not exists (select from pg_inherits i where i.inhrelid = c.oid)
    and not exists (select from sluice.loads l where l.state <> 'dropped'
      and c.relname in (l.table_name, l.table_name || '_b')))
union all
select 'index ' || x.indexrelid::regclass from pg_index x join pg_class c on c.oid = x.indrelid
join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and not x.indisvalid
union all
select 'run that is still running: ' || id from sluice.runs where status = 'running'
union all
select 'column _sluice_offset of ' || a.attrelid::regclass from pg_attribute a
join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and a.attname = '_sluice_offset' and c.relkind in ('r', 'p')`,
    [schema, table, STAGING_COMMENT],
  );
  return rows.map(({ what }) => what);
}

/** Waits until the server has let go of every connection of the program under test. */
export async function settle(db: Queryable): Promise<void> {
  for (let tries = 0;; tries++) {
    const busy = await db.query<{ what: string }>(
      `select state || ': ' || left(query, 100) as what from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
  and backend_type = 'client backend' and application_name <> $1`,
      [HARNESS],
    );
    if (busy.length === 0) return;
    if (tries > 600) throw new Error(`Still connected: ${busy.map(({ what }) => what).join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function exists(db: Queryable, table: string): Promise<boolean> {
  const [schema, name] = table.split(".");
  const rows = await db.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  );
  return rows.length > 0;
}
