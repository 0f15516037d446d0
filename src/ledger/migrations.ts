import { FIRST_MIGRATIONS, type Migration } from "./first_migrations.ts";

export type { Migration };

/** Every migration, in order. */
export const MIGRATIONS: readonly Migration[] = [
  ...FIRST_MIGRATIONS,
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
  {
    number: 14,
    why: "Remember which hooks have run, so that none runs twice in a run",
    statements: [
      `create table sluice.hook_runs (
  id bigint generated always as identity primary key,
  run_id uuid not null references sluice.runs (id),
  partition text,
  hook text not null,
  ran_at timestamptz not null default clock_timestamp()
)`,
      `create unique index hook_runs_once on sluice.hook_runs (run_id, hook, (coalesce(partition, '')))`,
    ],
  },
  {
    number: 15,
    why: "Find the versions that are kept among many that are not",
    statements: [
      `create index loads_kept on sluice.loads (target)
  where state <> 'dropped' or merge is not null`,
    ],
  },
  {
    number: 16,
    why: "Find the versions of a run, and that of a table, among many",
    statements: [
      // Every load asks for those of its run, before it writes and when it fails.
      `create index loads_by_run on sluice.loads (run_id, (coalesce(partition, '')))`,
      `drop index sluice.loads_kept`,
      `create index loads_kept on sluice.loads (target, table_name)
  where state <> 'dropped' or merge is not null`,
    ],
  },
  {
    number: 17,
    why: "Find runs that are at work, and the newest versions of a target, among many",
    statements: [
      // Every run asks whether an earlier one has died.
      `create index runs_at_work on sluice.runs (target) where status = 'running'`,
      // Checks compare a load with the last ones.
      `create index loads_by_time on sluice.loads (target, published_at)`,
    ],
  },
];

/** The number of the newest migration this build knows. */
export const LATEST_MIGRATION = MIGRATIONS[MIGRATIONS.length - 1].number;
