import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { Queryable } from "../../db/database.ts";

type Count = number | bigint;

/** A partition of a pipeline and its versions. */
export interface PartitionRow {
  readonly partition: string | null;
  /** Null: none is live. */
  readonly live: number | null;
  readonly rows: Count | null;
  readonly published_at: string | null;
  /** Versions that are kept for rollback. */
  readonly retained: number;
}

/** A version of a partition. Times are ISO 8601 in UTC. */
export interface Version {
  readonly target: string;
  readonly version: number;
  readonly state: string;
  readonly rows: Count;
  readonly bytes: Count | null;
  readonly sha256: string | null;
  readonly etag: string | null;
  readonly last_modified: string | null;
  readonly source_url: string;
  readonly spec_hash: string;
  readonly run_id: string;
  readonly published_at: string;
  readonly state_changed_at: string;
  readonly based_on: number | null;
  readonly merged: boolean;
  readonly rows_inserted: Count | null;
  readonly rows_updated: Count | null;
  readonly rows_deleted: Count | null;
  readonly rows_unchanged: Count | null;
  /** OID of the table that holds it and that Sluice made; null where there is none. */
  readonly table_oid: number | null;
  readonly table_schema: string;
  readonly table_name: string;
}

/** Partitions that are listed at once. */
export const PARTITION_PAGE = 200;

const OF_PIPELINE = `pipeline = $1
  and target in (select target from sluice.target_pipelines where pipeline = $1)`;

/**
 * Partitions of a pipeline, the last by name first, from before one of them.
 *
 * @param prefix of their names; empty: all
 */
export async function readPartitions(
  db: Queryable,
  pipeline: string,
  prefix: string,
  before: string | null,
): Promise<PartitionRow[]> {
  return await db.query<PartitionRow>(
    `select partition, max(version) filter (where state = 'live') as live,
  max(rows) filter (where state = 'live') as rows,
  max(published_at) filter (where state = 'live') as published_at,
  count(*) filter (where state in ('retained', 'rolled_back'))::int as retained
from sluice.loads
where ${OF_PIPELINE} and ($2 = '' or starts_with(partition, $2))
  and ($3::text is null or partition < $3)
group by partition order by partition desc nulls last limit ${PARTITION_PAGE + 1}`,
    [pipeline, prefix, before],
  );
}

/** Versions of a partition that are listed. */
const VERSIONS = 100;

/** Versions of one partition, the newest first. */
export async function readVersions(
  db: Queryable,
  pipeline: string,
  partition: string | null,
): Promise<Version[]> {
  return await db.query<Version>(
    `select l.target, version, state, rows, bytes, sha256, etag, last_modified, source_url, spec_hash,
  run_id, published_at, state_changed_at, based_on, merge is not null as merged, rows_inserted,
  rows_updated, rows_deleted, rows_unchanged, l.table_schema, l.table_name,
  t.table_oid::bigint as table_oid
from sluice.loads l
left join sluice.tables t on t.table_oid = to_regclass(
    quote_ident(l.table_schema) || '.' || quote_ident(l.table_name))
  and t.ledger_oid = 'sluice.loads'::regclass
where l.pipeline = $1
  and l.target in (select target from sluice.target_pipelines where pipeline = $1)
  and coalesce(l.partition, '') = coalesce($2, '') and l.partition is not distinct from $2::text
order by version desc limit ${VERSIONS}`,
    [pipeline, partition],
  );
}

/** A column of a version's table. */
export interface VersionColumn {
  readonly name: string;
  /** As DDL writes it. */
  readonly type: string;
  readonly not_null: boolean;
  /** Whether its values can be summed. */
  readonly is_number: boolean;
}

/** Columns of a version's table, in their order. */
export async function readVersionColumns(db: Queryable, oid: number): Promise<VersionColumn[]> {
  return await db.query<VersionColumn>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null,
  atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype,
    'float4'::regtype, 'float8'::regtype) as is_number
from pg_attribute where attrelid = $1::bigint::oid and attnum > 0 and not attisdropped
order by attnum`,
    [oid],
  );
}

/** What the values of a column come to. */
export interface ColumnSum {
  readonly values: Count;
  /** As Postgres writes it; null where it is no number, or there is none. */
  readonly sum: string | null;
}

/** What the columns of a version's table come to, by name: reads the whole table. */
export async function readSums(
  db: Queryable,
  { table_schema, table_name }: Version,
  columns: readonly VersionColumn[],
): Promise<ReadonlyMap<string, ColumnSum>> {
  const parts = columns.map(({ name, is_number }, at) =>
    `count(${quoteIdent(name)}) as v${at}, ${
      is_number ? `sum(${quoteIdent(name)})::text` : "null::text"
    } as s${at}`
  );
  const table = quoteTable({ schema: table_schema, table: table_name });
  const [row] = await db.query<Record<string, Count | string | null>>(
    `select ${parts.join(", ")} from ${table}`,
  );
  return new Map(
    columns.map(({ name }, at) => [
      name,
      { values: row[`v${at}`] as Count, sum: row[`s${at}`] as string | null },
    ]),
  );
}
