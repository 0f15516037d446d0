import type { QualifiedName } from "../../core/quote.ts";
import type { Queryable } from "../database.ts";
import { readTableManager, type TableManager } from "../table_manager.ts";

/** What a database knows about a table, as the planner needs it. */
export interface Catalog {
  /** As `server_version_num`: 180004 is Postgres 18.4. */
  readonly serverVersion: number;
  /** Locks that the server's table has room for, of all sessions together; left out: not known. */
  readonly lockRoom?: number;
  readonly schemaExists: boolean;
  /** The name is a type's; every table has a type of its name as well, which does not count. */
  readonly isTypeName: boolean;
  /**
   * Updates or deletes of whatever table stands in the schema are published (FOR ALL TABLES, FOR
   * TABLES IN SCHEMA): Postgres then refuses both where a table has no replica identity.
   */
  readonly published: boolean;
  readonly table: TableInfo | null;
}

export type TableKind =
  | "table"
  | "partitioned"
  | "view"
  | "materialized view"
  | "foreign table"
  | "sequence"
  | "index"
  | "composite type"
  | "relation of another kind";

export interface TableInfo {
  /** Stays with the table when it is renamed or moved; another table never has it. */
  readonly oid: number;
  readonly kind: TableKind;
  readonly comment: string | null;
  /** Whose rows an extension keeps in parts of its own; left out or null: Postgres alone. */
  readonly manager?: TableManager | null;
  /** Row-level security holds for the role that asks. */
  readonly rowSecurity?: boolean;
  /** In the order of the table, without dropped ones. */
  readonly columns: readonly ColumnInfo[];
  /** Null unless it is partitioned. */
  readonly partitionKey: PartitionKey | null;
  /** By name. */
  readonly partitions: readonly PartitionInfo[];
  /** By name. */
  readonly indexes: readonly IndexInfo[];
  /** Foreign keys that point here, by table and name. */
  readonly incomingKeys: readonly IncomingKey[];
  /** Rules that change what inserts, updates or deletes do, by name; left out: none. */
  readonly rules?: readonly string[];
  /** Rows it is thought to hold; null before the first ANALYZE. */
  readonly estimatedRows: number | null;
  /**
   * Of the table and its partitions those whose updates or deletes are published although they have
   * no replica identity, so that Postgres refuses them; by name.
   */
  readonly unidentified: readonly QualifiedName[];
}

export interface ColumnInfo {
  readonly name: string;
  /** As `format_type` prints it: `timestamp without time zone`, `numeric(10,2)`; a domain's base. */
  readonly type: string;
  /** The same, with the domain itself. */
  readonly fullType: string;
  /** Of the type, or of the domain itself. */
  readonly typeOid?: number;
  readonly notNull: boolean;
  /** Quoted; null: the one of its type, or none. */
  readonly collation: string | null;
  /** The SQL of the default, the generation or the identity; null: it would be NULL. */
  readonly default: string | null;
  /** Its value is computed: nothing can be written into it. */
  readonly generated: boolean;
}

export interface PartitionKey {
  readonly strategy: "list" | "range" | "hash";
  /** An expression in place of a column appears as its SQL. */
  readonly columns: readonly string[];
}

export interface PartitionInfo {
  readonly oid: number;
  readonly name: QualifiedName;
  /** `FOR VALUES IN ('2021-01')`, `DEFAULT`. */
  readonly bound: string;
}

export interface IndexInfo {
  readonly name: string;
  /** Key columns only; an expression appears as its SQL. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** `btree`, `brin` … */
  readonly method: string;
  readonly primary: boolean;
  /** False while it lacks partitions, or after a failed concurrent build. */
  readonly valid: boolean;
  /** Only some rows are in it: it has a WHERE. */
  readonly partial: boolean;
}

/** A foreign key that points here, or to a partition. */
export interface IncomingKey {
  readonly name: string;
  readonly table: QualifiedName;
  readonly columns: readonly string[];
  readonly references: readonly string[];
  readonly onDelete: KeyAction;
  readonly onUpdate: KeyAction;
  /** False where it only tells what refers to what (Postgres 18): rows may go. */
  readonly enforced: boolean;
  /** It points to a partition, not to the table. */
  readonly toPartition: boolean;
  /** The table, or a partition of it, points to itself. */
  readonly self: boolean;
}

/** The action of a foreign key when the row it refers to is deleted or updated. */
export type KeyAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

/** Reads what is known about a table. */
export async function readCatalog(db: Queryable, table: QualifiedName): Promise<Catalog> {
  // One after the other, as wherever a run asks: to open a connection takes longer than to wait.
  const params = [table.schema, table.table];
  const [{ publishing, referring, stands, ...look }] = await db.query<FirstLook>(
    FIRST_LOOK,
    params,
  );
  const [published] = publishing
    ? await db.query<{ published: boolean }>(PUBLISHED, [table.schema])
    : [{ published: false }];
  const [found] = stands
    ? await db.query<{ info: TableInfo }>(tableQuery(publishing, referring), params)
    : [];
  const manager = await readTableManager(db, table);
  return {
    ...look,
    ...published,
    table: found === undefined ? null : { ...found.info, ...(manager === null ? {} : { manager }) },
  };
}

/** What is known before a table is looked at: what need not be asked of it takes no time to plan. */
interface FirstLook
  extends Pick<Catalog, "serverVersion" | "lockRoom" | "schemaExists" | "isTypeName"> {
  /** There is a publication of updates or deletes. */
  readonly publishing: boolean;
  /** A foreign key points to the relation or to a partition of it. */
  readonly referring: boolean;
  /** There is a relation of the name. */
  readonly stands: boolean;
}

/**
 * Names of a schema that begin with the prefix, to the letter, and that a new table cannot have:
 * those of relations of any kind and of types.
 */
export async function listNames(
  db: Queryable,
  schema: string,
  namePrefix: string,
): Promise<string[]> {
  const names = await db.query<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and starts_with(c.relname::text, $2)
union
select t.typname::text from pg_type t join pg_namespace n on n.oid = t.typnamespace
where n.nspname = $1 and starts_with(t.typname::text, $2) and not exists (
  -- Of an array: Postgres gives it another name when this one is needed.
  select from pg_type e where e.typarray = t.oid)`,
    [schema, namePrefix],
  );
  return names.map(({ name }) => name);
}

/** A column of a table, its type as `format_type` prints it. */
export type NamedColumn = Pick<ColumnInfo, "name" | "type">;

/** The columns of all ordinary tables of a schema whose name begins with the prefix, to the letter, by table. */
export async function readColumns(
  db: Queryable,
  schema: string,
  namePrefix: string,
): Promise<ReadonlyMap<string, readonly NamedColumn[]>> {
  const tables = await db.query<{ name: string; columns: NamedColumn[] }>(
    `select c.relname as name, json_agg(json_build_object(
  'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum) as columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = $1 and c.relkind = 'r' and starts_with(c.relname::text, $2)
group by c.relname`,
    [schema, namePrefix],
  );
  return new Map(tables.map(({ name, columns }) => [name, columns]));
}

/** Publications of updates or deletes that cover the schema of that OID, whatever is in it. */
function publishing(schema: string): string {
  // Postgres 14 knows no publication of a schema, and has no pg_publication_namespace to look at:
  // where there is one, its rows depend on the publication and on the schema.
  return `exists (
      select from pg_publication p
      where (p.pubupdate or p.pubdelete) and (p.puballtables or exists (
        select from pg_depend ofp
        join pg_depend ofs on ofs.classid = ofp.classid and ofs.objid = ofp.objid
          and ofs.refclassid = 'pg_namespace'::regclass and ofs.refobjid = ${schema}
        where ofp.classid = to_regclass('pg_catalog.pg_publication_namespace')
          and ofp.refclassid = 'pg_publication'::regclass and ofp.refobjid = p.oid)))`;
}

function keyAction(code: string): string {
  return `case ${code} when 'a' then 'no action' when 'r' then 'restrict'
            when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end`;
}

const FIRST_LOOK = `
select current_setting('server_version_num')::int as "serverVersion",
  current_setting('max_locks_per_transaction')::int * (current_setting('max_connections')::int
    + current_setting('max_prepared_transactions')::int) as "lockRoom",
  n.oid is not null as "schemaExists",
  exists (
    select from pg_type t
    where t.typnamespace = n.oid and t.typname = $2
      and not exists (
        select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
      and not exists (select from pg_type e where e.typarray = t.oid)) as "isTypeName",
  exists (select from pg_publication where pubupdate or pubdelete) as publishing,
  exists (
    select from pg_constraint k where k.contype = 'f'
      and (k.confrelid = r.oid
        or k.confrelid in (select relid from pg_partition_tree(r.oid)))) as referring,
  r.oid is not null as stands
from (select) as one
left join pg_namespace n on n.nspname = $1
left join pg_class r on r.relnamespace = n.oid and r.relname = $2`;

const PUBLISHED = `select ${
  publishing(`(select oid from pg_namespace where nspname = $1)`)
} as published`;

const NONE = `'[]'::json`;

/** Of the table `c`. */
const INCOMING_KEYS = `(
  select coalesce(json_agg(json_build_object(
    'name', k.conname,
    'table', json_build_object('schema', fn.nspname, 'table', f.relname),
    'columns', (
      select json_agg(a.attname order by key.position)
      from unnest(k.conkey) with ordinality as key (attnum, position)
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.attnum),
    'references', (
      select json_agg(a.attname order by key.position)
      from unnest(k.confkey) with ordinality as key (attnum, position)
      join pg_attribute a on a.attrelid = k.confrelid and a.attnum = key.attnum),
    'onDelete', ${keyAction("k.confdeltype")},
    'onUpdate', ${keyAction("k.confupdtype")},
    'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
    'toPartition', k.confrelid <> c.oid,
    'self', k.conrelid = c.oid or exists (
      select from pg_partition_tree(c.oid) as tree where tree.relid = k.conrelid))
    order by fn.nspname collate "C", f.relname collate "C", k.conname collate "C"), '[]')
  from pg_constraint k
  join pg_class f on f.oid = k.conrelid
  join pg_namespace fn on fn.oid = f.relnamespace
  where k.contype = 'f' and k.conparentid = 0
    and (k.confrelid = c.oid or k.confrelid in (select relid from pg_partition_tree(c.oid))))`;

/** Of the table `c` and its partitions. */
const UNIDENTIFIED = `(
  select coalesce(json_agg(json_build_object('schema', tn.nspname, 'table', t.relname)
    order by tn.nspname collate "C", t.relname collate "C"), '[]')
  from pg_class t
  join pg_namespace tn on tn.oid = t.relnamespace
  where t.relkind = 'r' and t.relpersistence = 'p'
    and (t.oid = c.oid or t.oid in (select relid from pg_partition_tree(c.oid)))
    and case t.relreplident
      when 'f' then false
      when 'n' then true
      when 'i' then not exists (
        select from pg_index where indrelid = t.oid and indisreplident)
      else not exists (
        select from pg_index where indrelid = t.oid and indisprimary and indimmediate) end
    and exists (
      select from (
        select t.oid as relid union select relid from pg_partition_ancestors(t.oid)) as self
      join pg_class s on s.oid = self.relid
      where ${publishing("s.relnamespace")} or exists (
        select from pg_publication_rel m
        join pg_publication p on p.oid = m.prpubid and (p.pubupdate or p.pubdelete)
        where m.prrelid = s.oid)))`;

/** What a table is made of; whether anything refers to it or publishes it only where that can be. */
const tableQuery = (publishes: boolean, refers: boolean) => `
select json_build_object(
  'oid', c.oid::bigint,
  'kind', case c.relkind
    when 'r' then 'table'
    when 'p' then 'partitioned'
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'S' then 'sequence'
    when 'i' then 'index'
    when 'I' then 'index'
    when 'c' then 'composite type'
    else 'relation of another kind' end,
  'comment', obj_description(c.oid, 'pg_class'),
  'rowSecurity', c.relkind in ('r', 'p') and row_security_active(c.oid),
  'columns', (
    select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', case when ty.typtype = 'd' then format_type(ty.typbasetype, ty.typtypmod)
        else format_type(a.atttypid, a.atttypmod) end,
      'fullType', format_type(a.atttypid, a.atttypmod),
      'typeOid', a.atttypid::bigint,
      'notNull', a.attnotnull,
      'collation', (
        select quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
        from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
        where co.oid = a.attcollation and a.attcollation <> ty.typcollation),
      'default', case a.attidentity when '' then pg_get_expr(d.adbin, d.adrelid)
        when 'a' then 'generated always as identity'
        else 'generated by default as identity' end,
      'generated', a.attgenerated <> '') order by a.attnum), '[]')
    from pg_attribute a
    join pg_type ty on ty.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'partitionKey', (
    select json_build_object(
      'strategy', case k.partstrat when 'l' then 'list' when 'r' then 'range' else 'hash' end,
      'columns', (
        select json_agg(coalesce(a.attname, pg_get_partkeydef(c.oid)) order by part.position)
        from unnest(k.partattrs) with ordinality as part (attnum, position)
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
          and part.attnum > 0))
    from pg_partitioned_table k
    where k.partrelid = c.oid),
  'partitions', (
    select coalesce(json_agg(json_build_object(
      'oid', p.oid::bigint,
      'name', json_build_object('schema', pn.nspname, 'table', p.relname),
      'bound', pg_get_expr(p.relpartbound, p.oid))
      order by pn.nspname collate "C", p.relname collate "C"), '[]')
    from pg_inherits i
    join pg_class p on p.oid = i.inhrelid and p.relispartition
    join pg_namespace pn on pn.oid = p.relnamespace
    where i.inhparent = c.oid),
  'indexes', (
    select coalesce(json_agg(json_build_object(
      'name', ic.relname,
      'columns', (
        select json_agg(coalesce(a.attname, pg_get_indexdef(x.indexrelid, key.position, true))
          order by key.position)
        from generate_series(1, x.indnkeyatts) as key (position)
        left join pg_attribute a on a.attrelid = c.oid
          and a.attnum = x.indkey[key.position - 1] and a.attnum > 0),
      'unique', x.indisunique,
      'method', am.amname,
      'primary', x.indisprimary,
      'valid', x.indisvalid,
      'partial', x.indpred is not null) order by ic.relname collate "C"), '[]')
    from pg_index x
    join pg_class ic on ic.oid = x.indexrelid
    join pg_am am on am.oid = ic.relam
    where x.indrelid = c.oid),
  'incomingKeys', ${refers ? INCOMING_KEYS : NONE},
  'rules', (
    select coalesce(json_agg(w.rulename order by w.rulename collate "C"), '[]')
    from pg_rewrite w
    where w.ev_class = c.oid and w.ev_type <> '1' and w.ev_enabled in ('O', 'A')),
  'unidentified', ${publishes ? UNIDENTIFIED : NONE},
  'estimatedRows', (
    select sum(t.reltuples)::float8 from pg_class t
    where t.reltuples >= 0 and (t.oid = c.oid and t.relkind = 'r'
      or t.oid in (select inhrelid from pg_inherits where inhparent = c.oid)))) as info
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I')`;
