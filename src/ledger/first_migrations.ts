/** One numbered step of the `sluice` schema; never edited once released, only followed by another. */
export interface Migration {
  readonly number: number;
  readonly why: string;
  /** Statements without parameters, run in one transaction with the row that records them. */
  readonly statements: readonly string[];
}

/** The steps of the first releases. */
export const FIRST_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    why: "Make the ledger: runs, loads and rejected rows",
    statements: [
      // Not "if not exists": that needs the right to create schemas even where this one stands.
      `do $$
begin
  if to_regnamespace('sluice') is null then
    create schema sluice;
  end if;
end
$$`,
      `create table if not exists sluice.migrations (
  number int primary key,
  applied_at timestamptz not null default now()
)`,
      `create table sluice.runs (
  id uuid primary key,
  pipeline text not null,
  target text not null,
  spec_hash text not null,
  environment text,
  status text not null check (status in
    ('running', 'succeeded', 'unchanged', 'refused', 'failed', 'interrupted')),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  rows_read bigint not null default 0,
  rows_loaded bigint not null default 0,
  rows_rejected bigint not null default 0,
  rows_duplicate bigint not null default 0,
  rows_discarded bigint not null default 0,
  bytes_read bigint not null default 0,
  phases jsonb not null default '{}',
  error jsonb,
  host text,
  version text
)`,
      `create index runs_by_pipeline on sluice.runs (pipeline, started_at desc)`,
      `create table sluice.loads (
  id bigint generated always as identity primary key,
  pipeline text not null,
  target text not null,
  partition text,
  version int not null,
  run_id uuid not null references sluice.runs (id),
  table_schema text not null,
  table_name text not null,
  source_url text not null,
  etag text,
  last_modified text,
  bytes bigint,
  sha256 text,
  rows bigint not null,
  spec_hash text not null,
  state text not null check (state in ('live', 'retained', 'rolled_back', 'dropped')),
  published_at timestamptz not null default clock_timestamp(),
  state_changed_at timestamptz not null default clock_timestamp()
)`,
      // Two publishers of one partition cannot both commit, whatever happened to their locks.
      `create unique index loads_one_live
  on sluice.loads (target, (coalesce(partition, ''))) where state = 'live'`,
      `create unique index loads_one_version
  on sluice.loads (target, (coalesce(partition, '')), version)`,
      `create table sluice.rejected_rows (
  id bigint generated always as identity primary key,
  run_id uuid not null references sluice.runs (id),
  pipeline text not null,
  partition text,
  source_url text not null,
  line bigint not null,
  byte_offset bigint not null,
  column_name text,
  code text not null,
  message text not null,
  raw bytea not null,
  rejected_at timestamptz not null default clock_timestamp()
)`,
      `create index rejected_rows_by_run on sluice.rejected_rows (run_id, partition)`,
      `create view sluice.ingestion_metrics as
select
  target as table_name,
  started_at as start_time,
  ended_at as end_time,
  rows_loaded as total_rows,
  extract(epoch from ended_at - started_at)::double precision as duration_seconds,
  rows_loaded / nullif(extract(epoch from ended_at - started_at), 0)::double precision
    as rows_per_second
from sluice.runs
where status = 'succeeded'`,
    ],
  },
  {
    number: 2,
    why: "Remember how a version was merged, which tables Sluice made, and what each load changed",
    statements: [
      // Null: published by exchange; the version's table is the content itself.
      `alter table sluice.loads add column merge jsonb`,
      // The version that was live before; null: nothing was.
      `alter table sluice.loads add column based_on int`,
      `alter table sluice.loads add column rows_inserted bigint`,
      `alter table sluice.loads add column rows_updated bigint`,
      `alter table sluice.loads add column rows_unchanged bigint`,
      `alter table sluice.loads add column rows_deleted bigint`,
      `create table sluice.targets (
  target text primary key,
  -- A table of the same name that somebody made since is not ours to alter.
  table_oid oid not null,
  made_at timestamptz not null default clock_timestamp()
)`,
    ],
  },
  {
    number: 3,
    why: "Let rejected rows be loaded once more, exactly once",
    statements: [
      `alter table sluice.runs add column command text not null default 'run'
  check (command in ('run', 'replay'))`,
      `alter table sluice.rejected_rows add column replayed_by uuid references sluice.runs (id)`,
      `alter table sluice.rejected_rows add column replayed_at timestamptz`,
      // Names of the fields that the raw records have; null where the source has no header.
      `create table sluice.reject_headers (
  run_id uuid not null references sluice.runs (id),
  partition text,
  -- Not jsonb: names may hold NUL, and are needed as they are.
  header json,
  recorded_at timestamptz not null default clock_timestamp()
)`,
      `create index reject_headers_by_run on sluice.reject_headers (run_id, partition)`,
      // Every change of a target's columns.
      `create table sluice.schema_changes (
  id bigint generated always as identity primary key,
  run_id uuid not null references sluice.runs (id),
  target text not null,
  statement text not null,
  reason text not null,
  changed_at timestamptz not null default clock_timestamp()
)`,
    ],
  },
  {
    number: 4,
    why: "Remember which tick of each schedule was taken, by whom, and what became of it",
    statements: [
      // One row for each pipeline that a server ever registered.
      `create table sluice.schedules (
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
)`,
    ],
  },
  {
    number: 5,
    why: "Keep log records, and answer questions with views",
    statements: [
      // No reference to runs: records of a run that never began are worth keeping too.
      `create table sluice.logs (
  id bigint generated always as identity primary key,
  run_id uuid,
  at timestamptz not null,
  level text not null check (level in ('debug', 'info', 'warning', 'error')),
  pipeline text,
  partition text,
  stage text,
  message text not null,
  attributes jsonb not null default '{}'
)`,
      `create index logs_by_run on sluice.logs (run_id, id)`,
      `create index logs_by_time on sluice.logs (at)`,
      // What was loaded when, from which file, what was rejected, what changed.
      `create view sluice.load_history as
select l.pipeline, l.target, l.partition, l.version, l.state, l.published_at, l.source_url,
  l.last_modified, l.bytes, l.sha256, l.rows, j.rows_rejected,
  l.rows - lag(l.rows) over versions as rows_more,
  l.sha256 is distinct from lag(l.sha256) over versions as source_changed,
  l.rows_inserted, l.rows_updated, l.rows_unchanged, l.rows_deleted,
  l.run_id, r.started_at as run_started_at, r.host, r.version as sluice_version
from sluice.loads l
join sluice.runs r on r.id = l.run_id
cross join lateral (
  select count(*) as rows_rejected
  from sluice.rejected_rows x
  where x.run_id = l.run_id and x.partition is not distinct from l.partition
) j
window versions as (partition by l.target, l.partition order by l.version)`,
      // How each pipeline stands: its newest run, and when it last went well.
      `create view sluice.last_runs as
select distinct on (pipeline, target) pipeline, target, id as run_id, command, status, started_at,
  ended_at, seconds, rows_read, rows_loaded, rows_rejected, bytes_read,
  rows_loaded / nullif(seconds, 0) as rows_per_second,
  error ->> 'code' as error_code, error ->> 'message' as error_message,
  max(ended_at) filter (where status in ('succeeded', 'unchanged'))
    over (partition by pipeline, target) as last_success
from (
  select *, extract(epoch from coalesce(ended_at, clock_timestamp()) - started_at)
    ::double precision as seconds
  from sluice.runs
) r
order by pipeline, target, started_at desc`,
      // Why rows were rejected, those that were loaded since left out.
      `create view sluice.reject_reasons as
select run_id, pipeline, partition, column_name, code, count(*) as rows,
  min(message) as example, min(line) as first_line, max(rejected_at) as last_rejected_at
from sluice.rejected_rows
where replayed_at is null
group by run_id, pipeline, partition, column_name, code`,
    ],
  },
  {
    number: 6,
    why: "Remember what each check saw",
    statements: [
      // No reference to runs: the command `check` looks at what is live, without a run.
      `create table sluice.check_results (
  id bigint generated always as identity primary key,
  run_id uuid,
  pipeline text not null,
  target text not null,
  partition text,
  -- The version that was looked at: staged, or live.
  version int,
  name text not null,
  kind text not null,
  severity text not null check (severity in ('error', 'warn')),
  passed boolean not null,
  observed text,
  expected text,
  examples jsonb,
  checked_at timestamptz not null default clock_timestamp()
)`,
      `create index check_results_by_pipeline on sluice.check_results (pipeline, checked_at)`,
    ],
  },
];
