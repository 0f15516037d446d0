import type { MergeRecord } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { targetOid } from "./identity.ts";
import type { FactName, Statement, TableName } from "./load_plan.ts";

const fact = (name: FactName) => ({ fact: name });

/** Marks the version that was live; fails where another run changed it meanwhile. */
export function replaceLive(
  targetKey: string,
  partition: string | null,
  version: number,
  state: "retained" | "rolled_back" | "dropped",
): Statement {
  return {
    sql: `update sluice.loads set state = $4, state_changed_at = clock_timestamp()
where target = $1 and coalesce(partition, '') = coalesce($2::text, '') and version = $3 and state = 'live'
returning version`,
    params: [targetKey, partition, version, state],
    why: `Version ${version} is no longer live; stops if another run has replaced it meanwhile`,
    lock: null,
    expectRows: 1,
  };
}

/** Marks an earlier version as live again. */
export function reviveVersion(
  targetKey: string,
  partition: string | null,
  version: number,
): Statement {
  return {
    sql: `update sluice.loads set state = 'live', state_changed_at = clock_timestamp()
where target = $1 and coalesce(partition, '') = coalesce($2::text, '') and version = $3
  and state in ('retained', 'rolled_back')
returning version`,
    params: [targetKey, partition, version],
    why: `Version ${version} is live again`,
    lock: null,
    expectRows: 1,
  };
}

/** Records the version that becomes live, in the transaction that makes it so. */
export function insertLoad(
  spec: PipelineSpec,
  targetKey: string,
  partition: string | null,
  version: number,
  table: TableName,
  merge: MergeRecord | null,
  basedOn: number | null,
  /** Null: the setup of this run makes it. */
  target: number | null,
): Statement {
  return {
    sql: `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema,
  table_name, source_url, etag, last_modified, bytes, sha256, rows, spec_hash, merge, based_on,
  target_oid, ledger_oid, state)
values ($1, $2, $3, $4, $5::uuid, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::jsonb, $16,
  ${targetOid(17, 2)}, 'sluice.loads'::regclass, 'live')
returning version`,
    params: [
      spec.pipeline,
      targetKey,
      partition,
      version,
      fact("run_id"),
      table.schema,
      table.table,
      fact("source_url"),
      fact("etag"),
      fact("last_modified"),
      fact("bytes"),
      fact("sha256"),
      fact("rows"),
      spec.hash,
      merge === null ? null : JSON.stringify(merge),
      basedOn,
      target,
    ],
    why: "The ledger's row, in the same transaction: table and ledger cannot disagree",
    lock: null,
    expectRows: 1,
  };
}

/** Records each file that a version was loaded from. */
export function insertFiles(
  targetKey: string,
  partition: string | null,
  version: number,
): Statement {
  return {
    sql: `insert into sluice.load_files
  (target, partition, version, run_id, position, source_url, bytes, sha256, rows_read, rows_rejected)
select $1::text, $2::text, $3::int, $4::uuid, position, file ->> 'source_url',
  (file ->> 'bytes')::bigint, file ->> 'sha256', (file ->> 'rows_read')::bigint,
  (file ->> 'rows_rejected')::bigint
from json_array_elements(coalesce($5::text, '[]')::json) with ordinality as f (file, position)`,
    params: [targetKey, partition, version, fact("run_id"), fact("files")],
    why: "An account of each file",
    lock: null,
  };
}

/** Records what a merge did, once it is known. */
export function countChanges(
  targetKey: string,
  partition: string | null,
  version: number,
): Statement {
  return {
    sql: `update sluice.loads set rows = rows - $4::bigint, rows_inserted = $5, rows_updated = $6,
  rows_unchanged = $7, rows_deleted = $8
where target = $1 and coalesce(partition, '') = coalesce($2::text, '') and version = $3
returning version`,
    params: [
      targetKey,
      partition,
      version,
      { count: "rows_known" },
      { count: "rows_inserted" },
      { count: "rows_updated" },
      { count: "rows_unchanged" },
      { count: "rows_deleted" },
    ],
    why: "What this load changed",
    lock: null,
    expectRows: 1,
  };
}

/** Marks the rejected rows that a replay has loaded, which can happen to each only once. */
export function markReplayed(): Statement {
  return {
    sql: `with ids as (
  select value::bigint as id from json_array_elements_text($1::text::json)
), done as (
  update sluice.rejected_rows r set replayed_by = $2::uuid, replayed_at = clock_timestamp()
  where r.id = any (array(select id from ids)) and r.replayed_by is null returning 1
)
select from done having count(*) = (select count(*) from ids)`,
    params: [fact("replayed"), fact("run_id")],
    why: "These rejected rows are loaded now, and never again",
    lock: null,
    expectRows: 1,
  };
}

/** Records that a version's table is gone. */
export function dropVersionRow(
  targetKey: string,
  partition: string | null,
  version: number,
): Statement {
  return {
    sql: `update sluice.loads set state = 'dropped', state_changed_at = clock_timestamp()
where target = $1 and coalesce(partition, '') = coalesce($2::text, '') and version = $3 and state <> 'live'
returning version`,
    params: [targetKey, partition, version],
    why: `Version ${version} can no longer be rolled back to`,
    lock: null,
    expectRows: 1,
  };
}
