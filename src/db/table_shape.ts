import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";

/**
 * A digest of what rows of a table must be like: which table it is, its columns, constraints,
 * indexes and triggers. It changes when somebody alters the table; null where there is none.
 */
export async function readTableShape(
  db: Queryable,
  table: QualifiedName,
): Promise<string | null> {
  const [{ shape }] = await db.query<{ shape: string | null }>(SHAPE, [table.schema, table.table]);
  return shape;
}

const SHAPE = `
select (
  select md5(json_build_array(c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
    (select json_agg(json_build_array(a.attname, a.atttypid, a.atttypmod, a.attcollation,
        a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        order by a.attnum)
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    (select json_agg(json_build_array(k.oid, pg_get_constraintdef(k.oid)) order by k.oid)
      from pg_constraint k where k.conrelid = c.oid),
    (select json_agg(json_build_array(x.indexrelid, pg_get_indexdef(x.indexrelid))
        order by x.indexrelid)
      from pg_index x where x.indrelid = c.oid),
    (select json_agg(json_build_array(t.oid, t.tgenabled) order by t.oid)
      from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal))::text)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2) as shape`;

/** Constraints, triggers and policies of a table by kind and name, each as its SQL. */
export async function readTableParts(
  db: Queryable,
  table: QualifiedName,
): Promise<Readonly<Record<string, string>>> {
  const parts = await db.query<{ part: string; sql: string }>(PARTS, [table.schema, table.table]);
  return Object.fromEntries(parts.map(({ part, sql }) => [part, sql]));
}

const PARTS = `
with wanted as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
)
select 'constraint ' || k.conname as part, pg_get_constraintdef(k.oid) as sql
from pg_constraint k join wanted on k.conrelid = wanted.oid
union all
select 'trigger ' || t.tgname, pg_get_triggerdef(t.oid) || ' (' || t.tgenabled::text || ')'
from pg_trigger t join wanted on t.tgrelid = wanted.oid where not t.tgisinternal
union all
select 'policy ' || p.polname, concat_ws(' ', p.polcmd, pg_get_expr(p.polqual, p.polrelid),
  pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p join wanted on p.polrelid = wanted.oid
order by 1`;
