import { quoteLiteral, quoteTable } from "../core/quote.ts";
import type { OwnedKind } from "../ledger/tables.ts";
import type { Statement, TableName } from "./load_plan.ts";

// Names can be given away and taken by others: whatever is dropped, detached or overwritten is
// proven to be Sluice's first, by its OID in the ledger, under its lock, in the same transaction.

/** SQL: the ledger knows the table `c` of schema `n` by its OID, as `r`, and under its name. */
const OWNED = `from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join sluice.tables r on r.table_oid = c.oid and r.ledger_oid = 'sluice.loads'::regclass
  and r.table_schema = n.nspname and r.table_name = c.relname`;

/** Records a table that was just made, in the transaction that makes it. */
export function recordTable(targetKey: string, table: TableName, kind: OwnedKind): Statement {
  return {
    sql: `insert into sluice.tables (table_oid, ledger_oid, target, kind, table_schema, table_name)
select c.oid, 'sluice.loads'::regclass, $1, $2, $3::text, $4::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $3::text and c.relname = $4::text
on conflict (table_oid) do update set ledger_oid = excluded.ledger_oid, target = excluded.target,
  kind = excluded.kind, table_schema = excluded.table_schema, table_name = excluded.table_name,
  made_at = clock_timestamp()
returning table_oid`,
    params: [targetKey, kind, table.schema, table.table],
    why: "The ledger knows the table by its OID: Sluice later drops only its own",
    lock: null,
    expectRows: 1,
  };
}

/** Makes staging a version, if it is still the table that was loaded. Its name is locked before. */
export function publishTable(targetKey: string, staging: TableName): Statement {
  return {
    // Not as parameters of type name, which the catalog alone would make of them: those have another
    // collation than the ledger's index of names, which is then of no use.
    sql: `with published as (
  update sluice.tables set kind = 'version' where table_oid = (
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $2::text and c.relname = $3::text)
  and ledger_oid = 'sluice.loads'::regclass and target = $1 and kind = 'staging'
  and table_schema = $2::text and table_name = $3::text
  returning table_oid
), recorded as (
  update sluice.loads l set table_oid = p.table_oid from published p
  where l.target = $1 and l.table_schema = $2::text and l.table_name = $3::text
    and l.state = 'live'
)
select table_oid from published`,
    params: [targetKey, staging.schema, staging.table],
    why: `${nameOf(staging)} is the table that this run has loaded`,
    lock: null,
    expectRows: 1,
  };
}

/** Forgets a table that somebody else has taken: it stays, even when its version is dropped. */
export function releaseTable(table: TableName, oid: number): Statement {
  return {
    sql: `with released as (
  update sluice.loads set table_oid = null where table_oid = $1::oid
)
delete from sluice.tables where table_oid = $1::oid`,
    params: [oid],
    why: `${nameOf(table)} stays as it is, and Sluice no longer touches it`,
    lock: null,
  };
}

/**
 * SQL: the OID that the target must have: as the setup of this run has made it, or as planned.
 *
 * Parameters: the OID or null, and `schema.table`.
 */
export function targetOid(oid: number, targetKey: number): string {
  return `coalesce((
  select made.table_oid from sluice.targets made
  join pg_class mc on mc.oid = made.table_oid join pg_namespace mn on mn.oid = mc.relnamespace
  where made.target = $${targetKey} and mn.nspname || '.' || mc.relname = made.target), $${oid}::oid)`;
}

/** Locks the target alone, without its partitions, and proves that it is the one planned for. */
export function requireTarget(
  target: TableName,
  oid: number | null,
  /** Null where it is locked already. */
  mode: "access exclusive" | "share update exclusive" | "access share" | null,
): readonly Statement[] {
  const proof: Statement = {
    sql: `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $3 and c.relname = $4 and c.oid = ${targetOid(1, 2)}`,
    params: [oid, nameOf(target), target.schema, target.table],
    why: `${nameOf(target)} is the table that this run was planned for`,
    lock: null,
    expectRows: 1,
  };
  if (mode === null) return [proof];
  return [{
    sql: `lock table only ${quoteTable(target)} in ${mode} mode`,
    params: [],
    why: "Nobody can rename it or give it other partitions from here on",
    lock: `${mode.toUpperCase()} on ${nameOf(target)}, for milliseconds`,
  }, proof];
}

/** Proves that a partition is the one planned for, and Sluice's; the target is locked before. */
export function requirePartition(
  target: TableName,
  partition: TableName,
  oid: number,
): readonly Statement[] {
  return [{
    sql: `lock table only ${quoteTable(partition)} in access exclusive mode`,
    params: [],
    why: "Nobody can rename it or write to it from here on",
    lock: `ACCESS EXCLUSIVE on ${nameOf(partition)}, for milliseconds`,
  }, {
    sql: `select from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join sluice.tables r on r.table_oid = c.oid and r.ledger_oid = 'sluice.loads'::regclass
join pg_inherits i on i.inhrelid = c.oid and c.relispartition
join pg_class p on p.oid = i.inhparent
join pg_namespace pn on pn.oid = p.relnamespace
where c.oid = $1::oid and n.nspname = $2 and c.relname = $3
  and pn.nspname = $4 and p.relname = $5`,
    params: [oid, partition.schema, partition.table, target.schema, target.table],
    why: `${nameOf(partition)} is the partition that Sluice has put there`,
    lock: null,
    expectRows: 1,
  }];
}

/** Proves that a kept table is the one planned for, and that it stands alone. */
export function requireKeptTable(table: TableName, oid: number): readonly Statement[] {
  return [{
    sql: `lock table only ${quoteTable(table)} in share update exclusive mode`,
    params: [],
    why: "Nobody can rename it or attach it from here on",
    lock: null,
  }, {
    sql: `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = $1::oid and n.nspname = $2 and c.relname = $3 and not c.relispartition`,
    params: [oid, table.schema, table.table],
    why: `${nameOf(table)} is the table that this was planned with`,
    lock: null,
    expectRows: 1,
  }];
}

/**
 * Drops a table if it is Sluice's, of one of these kinds, under its own name and attached to
 * nothing; leaves it alone otherwise.
 *
 * It is looked at once more when its lock is there: a commit whose answer was lost may have been
 * under way, and what was staging is then a version.
 *
 * @param yielding also leaves it alone where something of somebody else's depends on it
 */
export function dropOwned(
  table: TableName,
  kinds: readonly OwnedKind[],
  why: string,
  yielding = false,
): Statement {
  const find = `(
    select c.oid ${OWNED}
    where c.oid = to_regclass(${quoteLiteral(quoteTable(table))})
      and r.kind in (${kinds.map(quoteLiteral).join(", ")})
      and not c.relispartition and not exists (select from pg_inherits i where c.oid in (
        i.inhrelid, i.inhparent)))`;
  const body = `declare
  found oid := ${find};
begin
  if found is null then
    return;
  end if;
  lock table only ${quoteTable(table)} in access exclusive mode;
  if found = ${find} then
    drop table ${quoteTable(table)};
    delete from sluice.tables where table_oid = found;
  end if;
exception
  when undefined_table${yielding ? " or dependent_objects_still_exist" : ""} then
    null;
end`;
  return { sql: `do ${quoteLiteral(body)}`, params: [], why, lock: null };
}

/** Forgets tables that are gone, so that no other table is ever taken for them. */
export function forgetGone(targetKey: string): Statement {
  return {
    sql: `with gone as (
  update sluice.loads l set table_oid = null
  where l.target = $1 and l.table_oid is not null
    and not exists (select from pg_class c where c.oid = l.table_oid)
)
delete from sluice.tables r
where r.target = $1 and not exists (select from pg_class c where c.oid = r.table_oid)`,
    params: [targetKey],
    why: "Tables that are gone",
    lock: null,
  };
}

export function nameOf({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}
