import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";

/** What belongs to a table and keeps one of its columns from getting another type. */
export interface ColumnUser {
  readonly table: QualifiedName;
  readonly kind: "policy" | "trigger" | "rule" | "publication" | "computed column";
  readonly name: string;
}

/**
 * Reads what belongs to tables and uses columns of theirs; what a partition has from its parent is
 * the parent's, unless somebody has switched it on or off there.
 *
 * @param tables OIDs
 */
export async function readColumnUsers(
  db: Queryable,
  tables: readonly number[],
  columns: readonly string[],
): Promise<readonly ColumnUser[]> {
  return await db.query<ColumnUser>(USERS, [JSON.stringify(tables), JSON.stringify(columns)]);
}

const USERS = `
with used as (
  select c.oid, a.attnum, n.nspname, c.relname
  from json_array_elements_text($1::text::json) as t (oid)
  join pg_class c on c.oid = t.oid::oid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
    and a.attname in (select json_array_elements_text($2::text::json))
), users as (
  select u.*, d.classid, d.objid, d.objsubid
  from used u join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = u.oid
    and d.refobjsubid = u.attnum
)
select distinct json_build_object('schema', u.nspname, 'table', u.relname)::jsonb as "table",
  x.kind, x.name
from users u cross join lateral (
  select 'policy' as kind, p.polname::text as name from pg_policy p
  where u.classid = 'pg_policy'::regclass and p.oid = u.objid and p.polrelid = u.oid
  union all
  select 'trigger', g.tgname from pg_trigger g
  where u.classid = 'pg_trigger'::regclass and g.oid = u.objid and g.tgrelid = u.oid
    -- Before Postgres 15 a partition's copy of a trigger is internal, as those of constraints are.
    and case when g.tgparentid = 0 then not g.tgisinternal else (
      select not p.tgisinternal and g.tgenabled <> p.tgenabled
      from pg_trigger p where p.oid = g.tgparentid) end
  union all
  select 'rule', w.rulename from pg_rewrite w
  where u.classid = 'pg_rewrite'::regclass and w.oid = u.objid and w.ev_class = u.oid
    and w.rulename <> '_RETURN'
  union all
  select 'publication', p.pubname from pg_publication_rel r
  join pg_publication p on p.oid = r.prpubid
  where u.classid = 'pg_publication_rel'::regclass and r.oid = u.objid and r.prrelid = u.oid
  union all
  -- The column itself depends on the other one, or what computes it does.
  select 'computed column', a.attname
  from pg_attribute a left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
  where a.attrelid = u.oid and a.attgenerated <> '' and a.attinhcount = 0
    and (u.classid = 'pg_class'::regclass and u.objid = a.attrelid and u.objsubid = a.attnum
      or u.classid = 'pg_attrdef'::regclass and u.objid = f.oid)
) x
order by 1, 2, 3`;
