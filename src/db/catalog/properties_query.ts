import { OWNER_AND_GRANTS } from "./relation_sql.ts";

const DATABASE_TABLESPACE = `(select t.spcname from pg_database d
    join pg_tablespace t on t.oid = d.dattablespace where d.datname = current_database())`;

/** The name of where a relation lies, which `pg_class` leaves out where it is the database's own. */
const tablespaceOf = (relation: string) =>
  `case when ${relation}.reltablespace <> 0
      then (select spcname from pg_tablespace where oid = ${relation}.reltablespace)
      when ${relation}.relkind not in ('p', 'I') then ${DATABASE_TABLESPACE} end`;

/** The table ($1.$2), and its partitions, or tables of its schema named in the JSON array $3. */
const RELATIONS = `parent as (
  select c.oid, c.relnamespace from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')
), relations as (
  select oid from parent
  union
  select i.inhrelid from parent join pg_inherits i on i.inhparent = parent.oid
  join pg_class c on c.oid = i.inhrelid and c.relispartition
  where $3::text is null
  union
  select c.oid from parent join pg_class c on c.relnamespace = parent.relnamespace
    and c.relkind = 'r'
  where c.relname in (select json_array_elements_text($3::text::json))
)`;

/** Which kinds of things at least one of the tables has: what none has takes no time to plan. */
export interface Belongings {
  readonly indexes: boolean;
  readonly constraints: boolean;
  readonly statistics: boolean;
  readonly policies: boolean;
  readonly triggers: boolean;
  readonly publications: boolean;
}

/** {@link Belongings} of the tables. */
export const BELONGINGS = `
with ${RELATIONS}
select coalesce(bool_or(c.relhasindex), false) as indexes,
  coalesce(bool_or(c.relhastriggers), false) as triggers,
  exists (select from relations r join pg_constraint k on k.conrelid = r.oid
    where k.contype in ('c', 'f')) as constraints,
  exists (select from relations r join pg_statistic_ext s on s.stxrelid = r.oid) as statistics,
  exists (select from relations r join pg_policy p on p.polrelid = r.oid) as policies,
  exists (select from relations r join pg_publication_rel p on p.prrelid = r.oid) as publications
from relations r
join pg_class c on c.oid = r.oid`;

const NONE = `'[]'::json`;

/** Of the table `c` in the schema `n`. */
const INDEXES = `(
  select coalesce(json_agg(json_build_object(
    'name', i.relname,
    'parent', (
      select p.relname from pg_inherits h join pg_class p on p.oid = h.inhparent
      where h.inhrelid = i.oid),
    'unique', x.indisunique,
    'columns', (
      select coalesce(json_agg(a.attname order by key.position), '[]')
      from generate_series(1, x.indnkeyatts) as key (position)
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        and a.attnum = x.indkey[key.position - 1]),
    'valid', x.indisvalid,
    'definition', case when tail.body is not null and right(tail.body, length(part.condition))
        = part.condition
      then case when i.reloptions is null
        then left(tail.body, length(tail.body) - length(part.condition))
        else substring(left(tail.body, length(tail.body) - length(part.condition))
          from '^(.*) WITH \\(.*\\)$') end end,
    'where', pg_get_expr(x.indpred, x.indrelid),
    'options', array_to_json(coalesce(i.reloptions, '{}')),
    'tablespace', ${tablespaceOf("i")},
    'constraint', (
      select json_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid),
        'comment', obj_description(k.oid, 'pg_constraint'))
      from pg_constraint k
      where k.conindid = i.oid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')),
    'clustered', x.indisclustered,
    'replicaIdentity', x.indisreplident,
    'comment', obj_description(i.oid, 'pg_class'),
    'statistics', (
      select coalesce(json_agg(json_build_object('position', a.attnum,
        'target', a.attstattarget) order by a.attnum), '[]')
      from pg_attribute a where a.attrelid = i.oid and a.attstattarget >= 0))
    -- As ATTACH goes through them.
    order by i.oid), '[]')
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  cross join lateral (select
    'CREATE ' || case when x.indisunique then 'UNIQUE ' else '' end || 'INDEX '
      || quote_ident(i.relname) || ' ON ' || case i.relkind when 'I' then 'ONLY ' else '' end
      || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ' as prefix,
    pg_get_indexdef(i.oid) as whole,
    case when x.indpred is null then '' else ' WHERE ' || pg_get_expr(x.indpred, x.indrelid)
      end as condition) part
  cross join lateral (select case when starts_with(part.whole, part.prefix)
    then substr(part.whole, length(part.prefix) + 1) end as body) tail
  where x.indrelid = c.oid and x.indislive)`;

/** Of the table `c` in the schema `n`. */
const CONSTRAINTS = `(
  select coalesce(json_agg(json_build_object(
    'name', k.conname,
    'type', case k.contype when 'c' then 'check' else 'foreign key' end,
    'definition', pg_get_constraintdef(k.oid),
    'valid', k.convalidated,
    'inherited', k.coninhcount > 0 or k.conparentid <> 0,
    'references', (
      select json_build_object('schema', fn.nspname, 'table', f.relname)
      from pg_class f join pg_namespace fn on fn.oid = f.relnamespace where f.oid = k.confrelid),
    'comment', obj_description(k.oid, 'pg_constraint')) order by k.conname collate "C"), '[]')
  from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'f'))`;

/** Of the table `c` in the schema `n`. */
const STATISTICS = `(
  select coalesce(json_agg(json_build_object(
    'name', json_build_object('schema', sn.nspname, 'table', s.stxname),
    'kinds', (
      select coalesce(json_agg(case kind when 'd' then 'ndistinct' when 'f' then 'dependencies'
        else 'mcv' end), '[]')
      from unnest(s.stxkind::text[]) kind where kind in ('d', 'f', 'm')),
    'columns', pg_get_statisticsobjdef_columns(s.oid),
    'target', nullif(s.stxstattarget, -1),
    'comment', obj_description(s.oid, 'pg_statistic_ext')) order by s.stxname collate "C"), '[]')
  from pg_statistic_ext s join pg_namespace sn on sn.oid = s.stxnamespace
  where s.stxrelid = c.oid)`;

/** Of the table `c` in the schema `n`. */
const POLICIES = `(
  select coalesce(json_agg(json_build_object(
    'name', p.polname,
    'permissive', p.polpermissive,
    'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
      when 'd' then 'delete' else 'all' end,
    'roles', (
      select json_agg(pg_get_userbyid(role) order by pg_get_userbyid(role))
      from unnest(p.polroles) role where role <> 0),
    'using', pg_get_expr(p.polqual, p.polrelid),
    'check', pg_get_expr(p.polwithcheck, p.polrelid),
    'comment', obj_description(p.oid, 'pg_policy')) order by p.polname collate "C"), '[]')
  from pg_policy p where p.polrelid = c.oid)`;

/** Of the table `c` in the schema `n`. */
const TRIGGERS = `(
  select coalesce(json_agg(json_build_object(
    'name', t.tgname,
    'inherited', t.tgparentid <> 0,
    'head', case when def.at > 0 then def.head end,
    'tail', case when def.at > 0 then substr(def.whole, length(def.head || def.onto) + 1) end,
    'enabled', case t.tgenabled when 'O' then 'origin' when 'D' then 'disabled'
      when 'R' then 'replica' else 'always' end,
    'comment', obj_description(t.oid, 'pg_trigger')) order by t.tgname collate "C"), '[]')
  from pg_trigger t
  cross join lateral (
    select *, case when starts_with(whole, head || onto) then 1 else 0 end as at from (select
      pg_get_triggerdef(t.oid) as whole,
      'CREATE ' || case when t.tgconstraint <> 0 then 'CONSTRAINT ' else '' end || 'TRIGGER '
        || quote_ident(t.tgname)
        || case when t.tgtype & 2 <> 0 then ' BEFORE ' when t.tgtype & 64 <> 0
          then ' INSTEAD OF ' else ' AFTER ' end
        || concat_ws(' OR ',
          case when t.tgtype & 4 <> 0 then 'INSERT' end,
          case when t.tgtype & 8 <> 0 then 'DELETE' end,
          case when t.tgtype & 16 <> 0 then 'UPDATE' || coalesce(' OF ' || (
            select string_agg(quote_ident(a.attname), ', ' order by key.position)
            from unnest(t.tgattr::int2[]) with ordinality as key (attnum, position)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = key.attnum), '') end,
          case when t.tgtype & 32 <> 0 then 'TRUNCATE' end) as head,
      ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ' as onto) text) def
  where t.tgrelid = c.oid and case when t.tgparentid = 0 then not t.tgisinternal
    else not (select p.tgisinternal from pg_trigger p where p.oid = t.tgparentid) end)`;

/** Of the table `c` in the schema `n`. */
const PUBLICATIONS = `(
  select coalesce(json_agg(json_build_object(
    'name', p.pubname,
    'changeable', pg_has_role(p.pubowner, 'USAGE'),
    'columns', case when to_jsonb(r) ->> 'prattrs' is not null then to_jsonb(v) -> 'attnames' end,
    'where', to_jsonb(v) ->> 'rowfilter') order by p.pubname collate "C"), '[]')
  from pg_publication_rel r
  join pg_publication p on p.oid = r.prpubid
  left join pg_publication_tables v on v.pubname = p.pubname and v.schemaname = n.nspname
    and v.tablename = c.relname
  where r.prrelid = c.oid)`;

/**
 * Everything about a table ($1.$2) and its partitions, or tables of its schema named in the JSON
 * array $3, for `readTableProperties`; of their belongings those kinds that there are.
 *
 * Columns that Postgres 14 lacks are reached through `to_jsonb`. Definitions are taken apart only
 * where the text that must stand there does stand there; else null says that it cannot be told.
 */
export const propertiesQuery = (has: Belongings) => `
with ${RELATIONS}, me as (
  select r.oid, r.rolname from pg_roles r where r.rolname = current_user
), new_acl as (
  select aclexplode(coalesce(
    (select d.defaclacl from pg_default_acl d
      where d.defaclrole = me.oid and d.defaclnamespace = 0 and d.defaclobjtype = 'r'),
    acldefault('r', me.oid))) as x from me
  union all
  select aclexplode(d.defaclacl) from me, parent, pg_default_acl d
  where d.defaclrole = me.oid and d.defaclnamespace = parent.relnamespace and d.defaclobjtype = 'r'
)
select (select json_build_object(
  'serverVersion', current_setting('server_version_num')::int,
  'role', current_user,
  'newGrants', (
    select coalesce(json_agg(distinct jsonb_build_object(
      'grantee', case when (x).grantee <> 0 then pg_get_userbyid((x).grantee) end,
      'privilege', (x).privilege_type, 'column', null, 'grantable', (x).is_grantable)), '[]')
    from new_acl),
  'newAccessMethod', current_setting('default_table_access_method'),
  'newTablespace', coalesce(
    (select spcname from pg_tablespace where spcname = current_setting('default_tablespace')),
    ${DATABASE_TABLESPACE}),
  'relations', (select json_agg(json_build_object(
    'own', c.oid = parent.oid,
    'name', json_build_object('schema', n.nspname, 'table', c.relname),
    ${OWNER_AND_GRANTS},
    'comment', obj_description(c.oid, 'pg_class'),
    'unlogged', c.relpersistence = 'u',
    'rowSecurity', c.relrowsecurity,
    'forcedRowSecurity', c.relforcerowsecurity,
    'options', array_to_json(coalesce(c.reloptions, '{}') || coalesce((
      select array_agg('toast.' || o order by o) from pg_class t, unnest(t.reloptions) o
      where t.oid = c.reltoastrelid), '{}')),
    'tablespace', ${tablespaceOf("c")},
    'accessMethod', (select amname from pg_am where oid = c.relam),
    'replicaIdentity', case c.relreplident
      when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full' else 'index' end,
    'columns', (
      select coalesce(json_agg(json_build_object(
        'name', a.attname,
        'notNull', a.attnotnull,
        'notNullName', (
          select k.conname from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'n' and k.conkey = array[a.attnum]),
        'default', case a.attgenerated when '' then pg_get_expr(d.adbin, d.adrelid) end,
        'identity', a.attidentity <> '',
        'sequence', case when a.attidentity <> '' then pg_get_serial_sequence(
          quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) end,
        'statistics', nullif(a.attstattarget, -1),
        'storage', case a.attstorage when 'p' then 'plain' when 'e' then 'external'
          when 'x' then 'extended' else 'main' end,
        'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4'
          else 'default' end,
        'options', array_to_json(coalesce(a.attoptions, '{}')),
        'comment', col_description(c.oid, a.attnum)) order by a.attnum), '[]')
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'indexes', ${has.indexes ? INDEXES : NONE},
    'constraints', ${has.constraints ? CONSTRAINTS : NONE},
    'statistics', ${has.statistics ? STATISTICS : NONE},
    'policies', ${has.policies ? POLICIES : NONE},
    'triggers', ${has.triggers ? TRIGGERS : NONE},
    'publications', ${has.publications ? PUBLICATIONS : NONE},
    'sequences', (
      select coalesce(json_agg(json_build_object(
        'name', json_build_object('schema', qn.nspname, 'table', q.relname),
        'column', a.attname) order by q.relname collate "C"), '[]')
      from pg_depend d
      join pg_class q on q.oid = d.objid and q.relkind = 'S'
      join pg_namespace qn on qn.oid = q.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
        and d.refobjid = c.oid and d.deptype = 'a'),
    'rules', (
      select coalesce(json_agg(w.rulename order by w.rulename collate "C"), '[]')
      from pg_rewrite w where w.ev_class = c.oid),
    'labels', (
      select coalesce(json_agg(distinct l.provider), '[]')
      from pg_seclabel l where l.classoid = 'pg_class'::regclass and l.objoid = c.oid),
    'dependents', (
      select coalesce(json_agg(distinct case d.classid when 'pg_rewrite'::regclass
        then (select pg_describe_object('pg_class'::regclass, w.ev_class, 0)
          from pg_rewrite w where w.oid = d.objid)
        else pg_describe_object(d.classid, d.objid, d.objsubid) end), '[]')
      from (values ('pg_class'::regclass, c.oid), ('pg_type', c.reltype),
        ('pg_type', (select typarray from pg_type where oid = c.reltype))) as self (class, id)
      join pg_depend d on d.refclassid = self.class and d.refobjid = self.id
      where d.deptype = 'n'
        and case d.classid
          when 'pg_rewrite'::regclass
            then (select w.ev_class <> c.oid from pg_rewrite w where w.oid = d.objid)
          when 'pg_policy'::regclass
            then (select p.polrelid <> c.oid from pg_policy p where p.oid = d.objid)
          when 'pg_constraint'::regclass
            then (select k.contype = 'f' and k.conrelid <> c.oid and k.confrelid = c.oid
                and k.conparentid = 0
              from pg_constraint k where k.oid = d.objid)
          when 'pg_proc'::regclass then true
          when 'pg_class'::regclass then d.refclassid = 'pg_type'::regclass
          when 'pg_type'::regclass then true
          else false end))
    order by c.relname collate "C")
    from relations r
    join pg_class c on c.oid = r.oid
    join pg_namespace n on n.oid = c.relnamespace))
from parent) as properties`;
