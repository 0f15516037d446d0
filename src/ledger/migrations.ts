/** One numbered step of the `sluice` schema; never edited once released, only followed by another. */
export interface Migration {
  readonly number: number;
  readonly why: string;
  /** Statements without parameters, run in one transaction with the row that records them. */
  readonly statements: readonly string[];
}

/** Every migration, in order. */
export const MIGRATIONS: readonly Migration[] = [
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
  {
    number: 7,
    why: "Remember which worker loads which partition of a distributed run, and what became of it",
    statements: [
      `create table sluice.run_partitions (
  run_id uuid not null references sluice.runs (id),
  -- Among the partitions of the run, from 0.
  position int not null,
  partition text,
  offered_at timestamptz not null default clock_timestamp(),
  -- Of the worker that is at work on it; only its holder may write.
  claim uuid,
  -- Name of its machine.
  worker text,
  attempts int not null default 0,
  claimed_at timestamptz,
  -- What the worker tells, for whoever follows the run; of its progress only the newest word.
  events jsonb not null default '[]',
  progress jsonb,
  -- Written in the transaction that publishes the partition, else when it ended otherwise.
  result jsonb,
  finished_at timestamptz,
  primary key (run_id, position)
)`,
    ],
  },
  {
    number: 8,
    why: "Let headers of rejects be deleted where all tables are published",
    statements: [
      // What has no key cannot be deleted from once its deletes are published.
      `alter table sluice.reject_headers add column id bigint generated always as identity primary key`,
    ],
  },
  {
    number: 9,
    why: "Remember what a pipeline file asked of its columns: what others change is theirs",
    statements: [
      `create table sluice.target_columns (
  target text not null,
  column_name text not null,
  -- As the file declares it.
  type text not null,
  -- Sluice made it NOT NULL, and may make it NULL again.
  not_null boolean not null,
  primary key (target, column_name)
)`,
    ],
  },
  {
    number: 10,
    why: "Know Sluice's tables by their OID, and which pipelines load a target",
    statements: [
      // OIDs mean something only in the database that they were read in. Where the ledger was
      // restored into another one, its own OID is another: then none of the OIDs is believed.
      `alter table sluice.loads add column ledger_oid oid`,
      // The target it went into: another table of its name does not have its rows.
      `alter table sluice.loads add column target_oid oid`,
      `create table sluice.tables (
  table_oid oid primary key,
  ledger_oid oid not null,
  target text not null,
  kind text not null check (kind in ('partition', 'staging', 'version', 'before')),
  -- The name it was given: under another one it is not ours to drop.
  table_schema text not null,
  table_name text not null,
  made_at timestamptz not null default clock_timestamp()
)`,
      `create index tables_by_target on sluice.tables (target)`,
      `create table sluice.target_pipelines (
  target text not null,
  pipeline text not null,
  -- As target.shared says in the newest run of the pipeline.
  shared boolean not null,
  primary key (target, pipeline)
)`,
      `insert into sluice.target_pipelines (target, pipeline, shared)
select distinct target, pipeline, false from sluice.loads`,
    ],
  },
  {
    number: 11,
    why: "Know the table of a load by its OID beside `sluice.tables`, whose rows can get lost",
    statements: [
      `alter table sluice.loads add column table_oid oid`,
      `update sluice.loads l set table_oid = r.table_oid
from sluice.tables r
where r.kind = 'version' and r.ledger_oid = l.ledger_oid and r.target = l.target
  and r.table_schema = l.table_schema and r.table_name = l.table_name`,
    ],
  },
  {
    number: 12,
    why: "Remember each file of a load that has several, and the header of each",
    statements: [
      // Null: of the one file of its load, or of a load before there could be several.
      `alter table sluice.reject_headers add column source_url text`,
      `create table sluice.load_files (
  id bigint generated always as identity primary key,
  target text not null,
  partition text,
  version int not null,
  run_id uuid not null references sluice.runs (id),
  -- From 1, in the order they were read in.
  position int not null,
  source_url text not null,
  -- As it is stored; of a file in an archive, its contents.
  bytes bigint not null,
  sha256 text not null,
  rows_read bigint not null,
  rows_rejected bigint not null
)`,
      `create index load_files_by_load on sluice.load_files (target, partition, version)`,
    ],
  },
  {
    number: 13,
    why: "Remember the statements of the newest runs' plans",
    statements: [
      `create table sluice.run_plans (
  run_id uuid primary key references sluice.runs (id),
  target text not null,
  -- A list of objects: step, why, lock and sql, in their order.
  statements jsonb not null,
  recorded_at timestamptz not null default clock_timestamp()
)`,
      `create index run_plans_by_target on sluice.run_plans (target, recorded_at)`,
    ],
  },
];

/** The number of the newest migration this build knows. */
export const LATEST_MIGRATION = MIGRATIONS[MIGRATIONS.length - 1].number;
