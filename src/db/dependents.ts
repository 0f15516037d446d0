import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";
import { OWNER_AND_GRANTS } from "./catalog/relation_sql.ts";
import type { Grant } from "./catalog/table_properties.ts";

/** What refers to a table, or to some of its columns, and stands in the way of changing it. */
export interface Dependents {
  /** Views that read it, those first that no other of them reads. */
  readonly views: readonly ViewProperties[];
  /** Foreign keys of other tables that point to it. */
  readonly incomingKeys: readonly IncomingKeyProperties[];
  /** The table's own rules, with what makes them. */
  readonly rules: readonly { readonly name: string; readonly statements: readonly string[] }[];
  /** Whatever else refers to it or to those views, as Postgres describes it. */
  readonly others: readonly string[];
}

/** A view with all that is on it. */
export interface ViewProperties {
  readonly name: QualifiedName;
  readonly kind: "view" | "materialized view";
  readonly owner: string;
  /** The role that asks may drop it and give a new one to the owner. */
  readonly ownable: boolean;
  readonly definition: string;
  /** `security_barrier=true`. */
  readonly options: readonly string[];
  readonly grants: readonly Grant[];
  readonly comment: string | null;
  readonly columns: readonly {
    readonly name: string;
    readonly default: string | null;
    readonly comment: string | null;
  }[];
  /** A materialized view that holds rows. */
  readonly populated: boolean;
  readonly tablespace: string | null;
  /** Whole statements that make its indexes, triggers and rules. */
  readonly statements: readonly string[];
}

/** A foreign key of another table. */
export interface IncomingKeyProperties {
  readonly name: string;
  readonly table: QualifiedName;
  readonly definition: string;
  readonly comment: string | null;
}

/**
 * Reads what refers to a table, in one round trip.
 *
 * @param columns only what refers to these, or to the table as a whole; null: to anything of it
 */
export async function readDependents(
  db: Queryable,
  table: QualifiedName,
  columns: readonly string[] | null,
): Promise<Dependents> {
  const [dependents] = await db.query<Dependents>(DEPENDENTS, [
    table.schema,
    table.table,
    columns === null ? null : JSON.stringify(columns),
  ]);
  return dependents;
}

/** Two views that are columns of each other cannot be; the depth of the longest way orders them. */
const DEPENDENTS = `
with recursive target as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
), parts as (
  -- 0: the table as a whole.
  select 0 as attnum
  union all
  select a.attnum from target join pg_attribute a on a.attrelid = target.oid
  where $3::text is null or a.attname in (select json_array_elements_text($3::text::json))
), reads as (
  select w.ev_class as oid, 1 as depth
  from target join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = target.oid
    and d.classid = 'pg_rewrite'::regclass and d.refobjsubid in (select attnum from parts)
  join pg_rewrite w on w.oid = d.objid and w.ev_class <> target.oid
  join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
  union
  select w.ev_class, reads.depth + 1
  from reads join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = reads.oid
    and d.classid = 'pg_rewrite'::regclass
  join pg_rewrite w on w.oid = d.objid and w.ev_class <> reads.oid
  join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
), views as (
  select oid, max(depth) as depth from reads group by oid
), things as (
  -- The table with those of its columns that change, and the views with all of theirs.
  select 'pg_class'::regclass::oid as class, target.oid as id, attnum as part, target.oid as relation
  from target, parts
  union all
  select 'pg_class'::regclass, v.oid, a.attnum, v.oid from views v
  join lateral (select attnum from pg_attribute where attrelid = v.oid and attnum > 0
    union all select 0) a on true
  union all
  select 'pg_type'::regclass, t.oid, 0, c.oid
  from (select oid from target union all select oid from views) r
  join pg_class c on c.oid = r.oid join pg_type y on y.oid = c.reltype
  join pg_type t on t.oid = y.oid or t.oid = y.typarray
)
select
  (select coalesce(json_agg(json_build_object(
    'name', json_build_object('schema', n.nspname, 'table', c.relname),
    'kind', case c.relkind when 'v' then 'view' else 'materialized view' end,
    ${OWNER_AND_GRANTS},
    'definition', rtrim(pg_get_viewdef(c.oid), ';'),
    'options', array_to_json(coalesce(c.reloptions, '{}')),
    'comment', obj_description(c.oid, 'pg_class'),
    'columns', (
      select coalesce(json_agg(json_build_object('name', a.attname,
        'default', pg_get_expr(d.adbin, d.adrelid),
        'comment', col_description(c.oid, a.attnum)) order by a.attnum), '[]')
      from pg_attribute a left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0),
    'populated', c.relispopulated,
    'tablespace', (select spcname from pg_tablespace where oid = c.reltablespace),
    'statements', (
      select coalesce(json_agg(sql order by kind, name), '[]') from (
        select 1 as kind, i.relname as name, pg_get_indexdef(i.oid) as sql
        from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid
        union all
        select 2, t.tgname, pg_get_triggerdef(t.oid) from pg_trigger t
        where t.tgrelid = c.oid and not t.tgisinternal
        union all
        select 3, w.rulename, rtrim(pg_get_ruledef(w.oid), ';') from pg_rewrite w
        where w.ev_class = c.oid and w.rulename <> '_RETURN') s)
    ) order by v.depth desc, n.nspname collate "C", c.relname collate "C"), '[]')
  from views v join pg_class c on c.oid = v.oid join pg_namespace n on n.oid = c.relnamespace
  ) as views,
  (select coalesce(json_agg(json_build_object(
    'name', k.conname,
    'table', json_build_object('schema', n.nspname, 'table', c.relname),
    'definition', pg_get_constraintdef(k.oid),
    'comment', obj_description(k.oid, 'pg_constraint')) order by k.conname collate "C"), '[]')
  from target join pg_constraint k on k.confrelid = target.oid and k.contype = 'f'
    and k.conparentid = 0 and k.conrelid <> target.oid
  join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  ) as "incomingKeys",
  (select coalesce(json_agg(json_build_object(
    'name', w.rulename,
    'statements', array_to_json(array_remove(array[
      rtrim(pg_get_ruledef(w.oid), ';'),
      case when w.ev_enabled <> 'O' then format('alter table %s %s rule %I', self.name,
        case w.ev_enabled when 'D' then 'disable' when 'R' then 'enable replica'
          else 'enable always' end, w.rulename) end,
      'comment on rule ' || quote_ident(w.rulename) || ' on ' || self.name || ' is '
        || quote_literal(obj_description(w.oid, 'pg_rewrite'))], null)))
    order by w.rulename collate "C"), '[]')
  from target join pg_rewrite w on w.ev_class = target.oid
  cross join (select quote_ident($1) || '.' || quote_ident($2) as name) self) as rules,
  (select coalesce(json_agg(distinct case d.classid
      when 'pg_rewrite'::regclass
        then (select pg_describe_object('pg_class'::regclass, w.ev_class, 0)
          from pg_rewrite w where w.oid = d.objid)
      else pg_describe_object(d.classid, d.objid, d.objsubid) end), '[]')
  from things g
  join pg_depend d on d.refclassid = g.class and d.refobjid = g.id and d.refobjsubid = g.part
    and d.deptype = 'n'
  where case d.classid
    when 'pg_rewrite'::regclass then (
      select w.ev_class <> g.relation and w.ev_class not in (select oid from views)
      from pg_rewrite w where w.oid = d.objid)
    -- Those of the table itself are made again with it, or with its column.
    when 'pg_policy'::regclass then (
      select p.polrelid <> g.relation from pg_policy p where p.oid = d.objid)
    when 'pg_trigger'::regclass then false
    when 'pg_constraint'::regclass then false
    when 'pg_proc'::regclass then true
    when 'pg_attrdef'::regclass then (
      select t.adrelid <> g.relation from pg_attrdef t where t.oid = d.objid)
    when 'pg_class'::regclass then g.class = 'pg_type'::regclass
    when 'pg_type'::regclass then true
    else false end) as others`;
