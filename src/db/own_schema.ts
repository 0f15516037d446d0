import { SluiceError } from "../core/error.ts";
import type { Queryable } from "./database.ts";

/** Strangers' objects that an error names. */
const EXAMPLES = 3;

/**
 * Whether a schema of ours is ours alone: it, what lies in it, and whatever that calls belong to
 * this role, to roles it is a member of, or to superusers, who can do all this anyway.
 *
 * What somebody else has made there would run with our rights, or keep our rows from us. That a
 * superuser may act for every role makes it a member of none: it has most to lose. Nothing is said
 * of a schema that does not exist.
 *
 * @throws SluiceError `db/foreign_schema`
 */
export async function requireOwnSchema(db: Queryable, schema: string): Promise<void> {
  const [{ possible }] = await db.query<{ possible: boolean }>(POSSIBLE, [schema]);
  if (!possible) return;
  const found = await db.query<Foreign>(FOREIGN, [schema]);
  if (found.length === 0) return;
  const named = found.slice(0, EXAMPLES).map(describe);
  const more = found.length > EXAMPLES ? `; and ${found.length - EXAMPLES} more` : "";
  const owners = [...new Set(found.flatMap(({ owner }) => owner ?? []))];
  const [{ role }] = found;
  throw new SluiceError(
    "db/foreign_schema",
    `The schema "${schema}" is used by Sluice alone, and ${named.join("; ")}${more}`,
    {
      hint: owners.length === 0
        ? "Drop what changes or hides the rows there, and run again"
        : `It would act with the rights of "${role}". Look at it, then drop it or give it to ` +
          `"${role}" (ALTER … OWNER TO); where the role "${owners[0]}" is to be trusted: ` +
          `grant "${owners[0]}" to "${role}"`,
      details: { schema, found: found.length },
    },
  );
}

interface Foreign {
  /** As `pg_describe_object` says it. */
  readonly what: string;
  /** What uses it; null where it lies in the schema itself. */
  readonly by: string | null;
  /** Null where the owner does not matter. */
  readonly owner: string | null;
  readonly why: "owner" | "rule" | "hidden";
  readonly role: string;
}

function describe({ what, by, owner, why }: Foreign): string {
  switch (why) {
    case "owner":
      return `${what}${by === null ? "" : ` (used by ${by})`} belongs to the role "${owner}"`;
    case "rule":
      return `${what} changes what statements do`;
    case "hidden":
      return `row-level security hides rows of ${what} from its owner's member: "${owner}" owns it`;
  }
}

/** Roles whose objects may act with this role's rights, as `trusted`. */
const TRUSTED = `member (oid) as (
  select oid from pg_roles where rolname = current_user
  union
  select m.roleid from pg_auth_members m join member on member.oid = m.member
), trusted as (
  select oid from member
  union
  select oid from pg_roles where rolsuper or rolname = 'pg_database_owner' and (
    select datdba from pg_database where datname = current_database()) in (select oid from member)
)`;

/**
 * Whether anybody else owns anything of this database, or rules or row-level security are in the
 * schema. Mostly not, and then what uses what need not be asked, which takes five times as long.
 */
const POSSIBLE = `
with recursive ${TRUSTED}
select exists (
  select from pg_namespace n, (select array_agg(oid) as oids from trusted) t
  where n.nspname = $1 and (n.nspowner <> all (t.oids)
    or exists (select from pg_class where relowner <> all (t.oids)
      or relnamespace = n.oid and relrowsecurity)
    or exists (select from pg_proc where proowner <> all (t.oids))
    or exists (select from pg_type where typowner <> all (t.oids))
    or exists (select from pg_operator where oprowner <> all (t.oids))
    or exists (select from pg_rewrite r join pg_class c on c.oid = r.ev_class
      where c.relnamespace = n.oid and r.rulename <> '_RETURN'))
) as possible`;

const FOREIGN = `
with recursive ${TRUSTED}, own as (
  select oid, nspowner from pg_namespace where nspname = $1
), tables as (
  select c.* from pg_class c where c.relnamespace in (select oid from own)
), inside (classid, objid, owner) as (
  select 'pg_namespace'::regclass::oid, oid, nspowner from own
  union all
  select 'pg_class'::regclass, oid, relowner from tables where relkind not in ('i', 'I', 'c')
  union all
  select 'pg_proc'::regclass, oid, proowner from pg_proc where pronamespace in (select oid from own)
  union all
  select 'pg_type'::regclass, t.oid, t.typowner from pg_type t
  where t.typnamespace in (select oid from own) and t.typtype in ('d', 'e', 'r', 'b')
    and t.typelem = 0
), parts (classid, objid) as (
  select classid, objid from inside where classid <> 'pg_namespace'::regclass
  union all
  select 'pg_class'::regclass, oid from tables where relkind in ('i', 'I', 'c')
  union all
  select 'pg_attrdef'::regclass, oid from pg_attrdef where adrelid in (select oid from tables)
  union all
  select 'pg_constraint'::regclass, oid from pg_constraint
  where conrelid in (select oid from tables)
  union all
  select 'pg_rewrite'::regclass, oid from pg_rewrite where ev_class in (select oid from tables)
  union all
  select 'pg_policy'::regclass, oid from pg_policy where polrelid in (select oid from tables)
  union all
  select 'pg_trigger'::regclass, oid from pg_trigger
  where tgrelid in (select oid from tables) and not tgisinternal
), used as (
  select distinct d.refclassid as classid, d.refobjid as objid,
    pg_describe_object(d.classid, d.objid, 0) as by
  from parts p
  join pg_depend d on d.classid = p.classid and d.objid = p.objid
  where d.refclassid in ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass,
    'pg_operator'::regclass)
    and not exists (select from inside i where i.classid = d.refclassid and i.objid = d.refobjid)
), owned (classid, objid, by, owner) as (
  select classid, objid, null, owner from inside
  union all
  select u.classid, u.objid, u.by, p.proowner from used u
  join pg_proc p on u.classid = 'pg_proc'::regclass and p.oid = u.objid
  union all
  select u.classid, u.objid, u.by, c.relowner from used u
  join pg_class c on u.classid = 'pg_class'::regclass and c.oid = u.objid
  union all
  select u.classid, u.objid, u.by, t.typowner from used u
  join pg_type t on u.classid = 'pg_type'::regclass and t.oid = u.objid
  union all
  select u.classid, u.objid, u.by, o.oprowner from used u
  join pg_operator o on u.classid = 'pg_operator'::regclass and o.oid = u.objid
)
select f.*, current_user::text as role from (
  select pg_describe_object(classid, objid, 0) as what, by, pg_get_userbyid(owner)::text as owner,
    'owner' as why
  from owned where owner not in (select oid from trusted)
  union all
  select pg_describe_object('pg_rewrite'::regclass, r.oid, 0), null, null, 'rule'
  from pg_rewrite r join tables t on t.oid = r.ev_class
  where r.rulename <> '_RETURN'
  union all
  select pg_describe_object('pg_class'::regclass, t.oid, 0), null,
    pg_get_userbyid(t.relowner)::text, 'hidden'
  from tables t where t.relkind in ('r', 'p') and row_security_active(t.oid)
    and t.relowner in (select oid from trusted)
) f
order by case f.why when 'owner' then 0 when 'rule' then 1 else 2 end, f.by is not null,
  f.what collate "C", f.by collate "C"`;
