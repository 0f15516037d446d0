import type { Queryable } from "../../src/db/database.ts";

/**
 * Everything that pg_catalog says about a table, its partitions and whatever depends on them, as
 * lines of text: the rows of the catalogs themselves, with OIDs resolved to names.
 *
 * What another version of a partition may differ in is left out or made alike: the numbers of
 * versions, names of indexes (a schema holds a name once) and statistics, sizes, positions.
 */
export async function catalogSnapshot(
  db: Queryable,
  schema: string,
  table: string,
): Promise<string[]> {
  const parameters = [schema, table];
  const lines = await db.query<{ line: string }>(LINES, parameters);
  const names = await db.query<{ name: string; label: string }>(NAMES, parameters);
  const replacements = names
    .map(({ name, label }) => ({ pattern: new RegExp(`(?<![\\w])${name}(?![\\w])`, "g"), label }));
  return lines.map(({ line }) => {
    const named = replacements.reduce(
      (text, { pattern, label }) => text.replaceAll(pattern, () => label),
      line,
    );
    return named
      .replaceAll(/__v\d+/g, "__v#")
      .replaceAll(/_ConstraintTrigger_(a_|c_|)\d+/g, "_ConstraintTrigger_$1#")
      .replaceAll(/pg_toast_\d+/g, "pg_toast_#");
  }).sort();
}

/** What a second snapshot lacks of the first one, and what it has beyond. */
export function snapshotChanges(
  before: readonly string[],
  after: readonly string[],
): { readonly lost: readonly string[]; readonly gained: readonly string[] } {
  return {
    lost: before.filter((line) => !after.includes(line)),
    gained: after.filter((line) => !before.includes(line)),
  };
}

/** No change at all. */
export const UNCHANGED = { lost: [], gained: [] };

const RELATIONS = `parent as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
), relations as (
  select oid, 'table' as label from parent
  union all
  select i.inhrelid, 'partition ' || pg_get_expr(c.relpartbound, c.oid)
  from pg_inherits i join parent on parent.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
)`;

/** Names of leaves' indexes (and their constraints) and statistics, and what they mean. */
const NAMES = `
with ${RELATIONS}
select i.relname as name, 'index<' || regexp_replace(pg_get_indexdef(i.oid), '^.* USING ', '')
  || case when k.oid is null then '' else ' ' || k.contype::text end || '>' as label
from relations r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
left join pg_constraint k on k.conindid = i.oid and k.conrelid = r.oid
where r.label <> 'table'
union all
select s.stxname, 'statistics<' || pg_get_statisticsobjdef_columns(s.oid) || ' ' || s.stxkind::text
  || '>'
from relations r join pg_statistic_ext s on s.stxrelid = r.oid where r.label <> 'table'`;

/** Of each catalog the whole row, without what names the row itself and what changes by use. */
const LINES = `
with ${RELATIONS}
select r.label || ': class ' || (to_jsonb(c) - array['oid', 'relname', 'relowner', 'relam', 'reltype',
    'reltablespace', 'relfilenode', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen',
    'relfrozenxid', 'relminmxid', 'reltoastrelid', 'relnatts', 'relacl', 'relpartbound'])::text
  || ' owner ' || pg_get_userbyid(c.relowner)
  || ' method ' || coalesce((select amname from pg_am where oid = c.relam), '-')
  || ' space ' || coalesce((select spcname from pg_tablespace where oid = c.reltablespace), '-')
  || ' toast ' || coalesce((select t.reloptions::text from pg_class t where t.oid = c.reltoastrelid),
    '-') as line
from relations r join pg_class c on c.oid = r.oid
union all
select r.label || ': grant ' || coalesce(a.attname || ' ', '') || coalesce(nullif(x.grantee, 0)
  ::regrole::text, 'public') || ' ' || x.privilege_type || ' ' || x.is_grantable
from relations r join pg_class c on c.oid = r.oid
cross join lateral (
  select null::name as attname, g.* from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
  union all
  select a.attname, g.* from pg_attribute a, aclexplode(a.attacl) g
  where a.attrelid = c.oid and not a.attisdropped) as a
cross join lateral (select a.grantee, a.privilege_type, a.is_grantable) x
union all
select r.label || ': column ' || rank() over (partition by r.oid order by a.attnum) || ' '
  || (to_jsonb(a) - array['attrelid', 'attnum', 'attcacheoff', 'attmissingval', 'atthasmissing',
    'attacl', 'atttypid', 'attcollation'])::text || ' ' || format_type(a.atttypid, a.atttypmod)
  || coalesce(' collate ' || (select collname from pg_collation where oid = a.attcollation), '')
  || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select r.label || ': index ' || i.relname || ' ' || (to_jsonb(x) - array['indexrelid', 'indrelid',
    'indkey', 'indcollation', 'indclass', 'indoption', 'indexprs', 'indpred', 'indcheckxmin'])::text
  || coalesce(' ' || i.reloptions::text, '')
  || coalesce(' space ' || (select spcname from pg_tablespace where oid = i.reltablespace), '')
  || coalesce(' part of ' || (select p.relname from pg_inherits h join pg_class p
    on p.oid = h.inhparent where h.inhrelid = i.oid), '')
  || coalesce(' targets ' || (select string_agg(attnum || '=' || attstattarget, ' ' order by attnum)
    from pg_attribute where attrelid = i.oid and attstattarget >= 0), '')
from relations r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
union all
select r.label || ': constraint ' || case when k.contype in ('p', 'u', 'x') and r.label <> 'table'
    then '' else k.conname end || ' ' || pg_get_constraintdef(k.oid) || ' '
  || (to_jsonb(k) - array['oid', 'conname', 'connamespace', 'conrelid', 'contypid', 'conindid',
    'conparentid', 'confrelid', 'conkey', 'confkey', 'conpfeqop', 'conppeqop', 'conffeqop',
    'conexclop', 'conbin', 'confdelsetcols']
    || case when k.contype in ('c', 'n') then '{}' else '{"connoinherit": "of no effect"}'::jsonb end)::text
from relations r join pg_constraint k on k.conrelid = r.oid
union all
select 'incoming: ' || k.conrelid::regclass || ' ' || pg_get_constraintdef(k.oid)
from relations r join pg_constraint k on k.confrelid = r.oid and k.contype = 'f'
where r.label = 'table'
union all
select r.label || ': trigger ' || t.tgname || ' ' || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
  || ' ' || t.tgisinternal || ' ' || (t.tgparentid <> 0)
from relations r join pg_trigger t on t.tgrelid = r.oid
union all
select r.label || ': policy ' || p.polname || ' ' || p.polcmd::text || ' ' || p.polpermissive || ' '
  || p.polroles::regrole[]::text || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
  || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
from relations r join pg_policy p on p.polrelid = r.oid
union all
select r.label || ': rule ' || pg_get_ruledef(w.oid)
from relations r join pg_rewrite w on w.ev_class = r.oid
union all
select r.label || ': statistics ' || s.stxname || ' ' || (to_jsonb(s) - array['oid', 'stxrelid',
    'stxname', 'stxnamespace', 'stxowner', 'stxkeys', 'stxexprs'])::text
from relations r join pg_statistic_ext s on s.stxrelid = r.oid
union all
select r.label || ': published ' || v.pubname || ' ' || (to_jsonb(v) - 'tablename')::text
from relations r join pg_publication_rel m on m.prrelid = r.oid
join pg_publication p on p.oid = m.prpubid
join pg_class c on c.oid = r.oid
left join pg_publication_tables v on v.pubname = p.pubname
  and format('%I.%I', v.schemaname, v.tablename)::regclass = r.oid
union all
select 'published: ' || to_jsonb(v)::text from pg_publication_tables v where v.schemaname = $1
  and v.tablename like $2 || '%'
union all
select r.label || ': comment ' || pg_describe_object(d.classoid, d.objoid, d.objsubid) || ' '
  || d.description
from relations r join pg_description d
  on d.classoid = 'pg_class'::regclass and d.objoid = r.oid
  or d.classoid = 'pg_class'::regclass
    and d.objoid in (select indexrelid from pg_index where indrelid = r.oid)
  or d.classoid = 'pg_constraint'::regclass
    and d.objoid in (select oid from pg_constraint where conrelid = r.oid)
  or d.classoid = 'pg_trigger'::regclass
    and d.objoid in (select oid from pg_trigger where tgrelid = r.oid)
  or d.classoid = 'pg_policy'::regclass
    and d.objoid in (select oid from pg_policy where polrelid = r.oid)
  or d.classoid = 'pg_statistic_ext'::regclass
    and d.objoid in (select oid from pg_statistic_ext where stxrelid = r.oid)
union all
select r.label || ': label ' || l.provider || ' ' || l.label
from relations r join pg_seclabel l on l.objoid = r.oid and l.classoid = 'pg_class'::regclass
union all
select distinct r.label || ': needed by ' || pg_describe_object(d.classid, d.objid, d.objsubid)
  || ' ' || d.deptype::text
from relations r join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
where d.classid <> 'pg_attrdef'::regclass and not (d.classid = 'pg_trigger'::regclass
  and d.objid in (select oid from pg_trigger where tgisinternal))
union all
select 'view ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(c.relacl::text, '') || ' '
  || pg_get_viewdef(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('v', 'm')`;
