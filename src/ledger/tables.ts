import { beforeImageName, versionTableName } from "../core/names.ts";
import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "../db/database.ts";
import { LATEST_MIGRATION } from "./migrations.ts";

/** Migrations that make `sluice.loads.merge`, `sluice.tables`, and `sluice.loads.table_oid`. */
const MERGES = 2;
const TABLES = 10;
const LOAD_TABLES = 11;

export type OwnedKind =
  /** Rows are merged into it. */
  | "partition"
  | "staging"
  /** What a load was published from: the content itself, or what a merge wrote. */
  | "version"
  /** Rows that a merge took away or changed, as they were. */
  | "before";

/** A table below a target that stands. */
export interface OwnedTable {
  readonly oid: number;
  readonly kind: OwnedKind;
  /** The name it was given. */
  readonly made: QualifiedName;
  /** The name it bears. */
  readonly now: QualifiedName;
  /** The table it is a partition of. */
  readonly parent: (QualifiedName & { readonly oid: number }) | null;
  /**
   * Whether Sluice made this very table. Loads from before OIDs were recorded, and ledgers that were
   * restored into another database, only have its name.
   */
  readonly proven: boolean;
}

/**
 * Tables that only their name tells, of loads without an OID that is worth something.
 *
 * What such a load says is live, and is attached to the target under its name, has been attached by
 * Sluice: that is proof enough. For a detached table there is none.
 */
const unproven = (migration: number) => `
  select l.id, c.oid, v.kind, l.table_schema, c.relname::text as table_name,
    v.attached and pn.nspname || '.' || p.relname = l.target as proven
  from sluice.loads l
  cross join lateral (values
    (l.table_name, 'version', l.state = 'live'${migration < MERGES ? "" : " and l.merge is null"}),
    (l.table_name || $2, 'before', false),
    (regexp_replace(l.table_name, '__v[0-9]+$', $3), 'partition', true)) v (name, kind, attached)
  join pg_namespace n on n.nspname = l.table_schema
  join pg_class c on c.relnamespace = n.oid and c.relname = v.name and c.relkind = 'r'
  left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
  left join pg_class p on p.oid = i.inhparent
  left join pg_namespace pn on pn.oid = p.relnamespace
  where l.target = $1 and (l.state <> 'dropped'${
  migration < MERGES ? "" : " or l.merge is not null"
})${migration < TABLES ? "" : " and l.ledger_oid is distinct from 'sluice.loads'::regclass"}`;

/**
 * Tables of loads that `sluice.tables` lacks, by their OID: rows of it were deleted by hand. `$1`: the
 * target.
 */
const LOST = `
  select c.oid, 'version' as kind, l.table_schema, l.table_name
  from sluice.loads l
  join pg_class c on c.oid = l.table_oid and c.relkind = 'r'
  where l.target = $1 and l.state <> 'dropped' and l.ledger_oid = 'sluice.loads'::regclass
    and not exists (select from sluice.tables r where r.table_oid = c.oid)`;

/**
 * Whether a load of a target has a table that `sluice.tables` lacks, or may have. Mostly none has,
 * and then `unproven` and `LOST` need not be asked, which takes several times as long.
 */
async function mayLackTables(db: Queryable, targetKey: string): Promise<boolean> {
  const [{ lacks }] = await db.query<{ lacks: boolean }>(
    `select exists (
  select from sluice.loads l
  where l.target = $1 and (l.state <> 'dropped' or l.merge is not null)
    and (l.ledger_oid is distinct from 'sluice.loads'::regclass
      or l.table_oid is not null and l.state <> 'dropped'
        and not exists (select from sluice.tables r where r.table_oid = l.table_oid))) as lacks`,
    [targetKey],
  );
  return lacks;
}

const SUFFIXES = [beforeImageName(""), versionTableName("", null, 0).replace("__all", "")];

/** Reads the tables below a target, whatever they are called by now. */
export async function readTables(
  db: Queryable,
  migration: number,
  targetKey: string,
): Promise<OwnedTable[]> {
  const recorded = `
  select r.table_oid as oid, r.kind, r.table_schema, r.table_name, true as proven
  from sluice.tables r
  where r.target = $1 and r.ledger_oid = 'sluice.loads'::regclass`;
  const guessed = `
  select distinct oid, kind, table_schema, table_name, coalesce(proven, false) as proven
  from (${unproven(migration)}) as unproven`;
  const lost = `
  select oid, kind, table_schema, table_name, true as proven from (${LOST}) as lost`;
  const isComplete = migration >= LOAD_TABLES && !await mayLackTables(db, targetKey);
  const known = isComplete ? [recorded] : [
    ...(migration < TABLES ? [] : [recorded]),
    ...(migration < LOAD_TABLES ? [] : [lost]),
    guessed,
  ];
  const tables = await db.query<OwnedTable>(
    `with known as (${known.join("\n  union all")}
)
select distinct on (c.oid) c.oid::bigint as oid, k.kind, k.proven,
  json_build_object('schema', k.table_schema, 'table', k.table_name) as made,
  json_build_object('schema', n.nspname, 'table', c.relname) as now,
  case when i.inhrelid is not null then json_build_object(
    'oid', p.oid::bigint, 'schema', pn.nspname, 'table', p.relname) end as parent
from known k
join pg_class c on c.oid = k.oid
join pg_namespace n on n.oid = c.relnamespace
left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
left join pg_class p on p.oid = i.inhparent
left join pg_namespace pn on pn.oid = p.relnamespace
order by c.oid, k.proven desc`,
    isComplete ? [targetKey] : [targetKey, ...SUFFIXES],
  );
  return tables.map((table) => ({ ...table, oid: Number(table.oid) }));
}

/** Records tables that are proven to be Sluice's and not recorded yet; under the target's lock. */
export async function adoptTables(db: Queryable, targetKey: string): Promise<void> {
  if (!await mayLackTables(db, targetKey)) return;
  await db.query(
    `with unproven as (${unproven(LATEST_MIGRATION)}
), adopted as (
  insert into sluice.tables (table_oid, ledger_oid, target, kind, table_schema, table_name)
  select distinct on (oid) oid, 'sluice.loads'::regclass, $1, kind, table_schema, table_name
  from (
    select oid, kind, table_schema, table_name from unproven where proven
    union all ${LOST}
  ) as ours
  on conflict (table_oid) do update set ledger_oid = excluded.ledger_oid, target = excluded.target,
    kind = excluded.kind, table_schema = excluded.table_schema, table_name = excluded.table_name
)
update sluice.loads l set ledger_oid = 'sluice.loads'::regclass, target_oid = null
from unproven u where l.id = u.id and u.proven and u.kind = 'version'`,
    [targetKey, ...SUFFIXES],
  );
}

/**
 * Names of tables that bear a mark and that the ledger does not know, as `schema.table`: what was
 * made before tables were recorded.
 *
 * @param prefix what the names begin with, to the letter
 * @param mark the whole comment on the table
 */
export async function listStrays(
  db: Queryable,
  migration: number,
  schema: string,
  prefix: string,
  mark: string,
): Promise<QualifiedName[]> {
  const known = migration < TABLES
    ? ""
    : "and not exists (select from sluice.tables r where r.table_oid = c.oid)";
  return await db.query<QualifiedName>(
    `select n.nspname::text as schema, c.relname::text as "table"
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and starts_with(c.relname::text, $2) and c.relkind = 'r'
  and not c.relispartition and obj_description(c.oid, 'pg_class') = $3 ${known}
order by c.relname collate "C"`,
    [schema, prefix, mark],
  );
}
