import type { TypeName } from "../core/type_name.ts";
import { unquoted } from "../core/type_name.ts";
import type { Database, Queryable } from "./database.ts";
import { withUserPath } from "./user_path.ts";

/** A type as the catalog has it. */
export interface TypeInfo {
  readonly oid: number;
  /** Without modifiers, as `format_type` prints it. */
  readonly printed: string;
  /** Values can be of it. */
  readonly usable: boolean;
  /** What a domain is over at the end of the chain; of any other type itself. Quoted. */
  readonly base: string;
  /** The type itself, quoted, where it is a domain. */
  readonly domain: string | null;
  /** A domain has modifiers of its base. */
  readonly modified: boolean;
  /** Somebody has made a cast from text by a function of its own. */
  readonly castByFunction: boolean;
  readonly isJson: boolean;
  readonly elements: "json" | "other" | null;
  /** What stands between them in a text, one character. */
  readonly delimiter: string | null;
  readonly ordered: boolean;
  readonly names: boolean;
  /** Makes a modifier of its texts; null: it has none. */
  readonly modifierInput: string | null;
}

/** What a name of a type may mean. */
export interface FoundName {
  /** Null: nothing, or one of several. */
  readonly oid: number | null;
  /** Schemas that have such a type, where no schema is written. */
  readonly schemas: readonly string[];
}

/**
 * Finds types by name: where the user's path says, and without a schema also wherever else there
 * is one alone of that name.
 */
export async function findTypes(db: Database, names: readonly TypeName[]): Promise<FoundName[]> {
  const wanted = names.map(({ base, schema, dimensions }, at) => ({
    at,
    written: base + (dimensions > 0 ? "[]" : ""),
    // A name that is no identifier is one of SQL's own.
    bare: schema === null && !base.includes(" ") ? unquoted(base) : null,
    array: dimensions > 0,
  }));
  return await withUserPath(db, (tx) =>
    tx.query<FoundName>(
      `with wanted as (
  select * from pg_catalog.json_to_recordset($1::pg_catalog.text::pg_catalog.json)
    as w (at integer, written text, bare text, "array" boolean)
)
select coalesce(pg_catalog.to_regtype(w.written)::pg_catalog.oid,
    case when pg_catalog.cardinality(e.oids) = 1 then e.oids[1] end)::pg_catalog.int8 as oid,
  pg_catalog.to_json(coalesce(e.schemas, '{}')) as schemas
from wanted w, lateral (
  select pg_catalog.array_agg(case when w."array" then t.typarray else t.oid end) as oids,
    pg_catalog.array_agg(n.nspname::pg_catalog.text order by n.nspname) as schemas
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.typname = w.bare and n.nspname not like 'pg\\_temp%' and n.nspname not like 'pg\\_toast%'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
) e
order by w.at`,
      [JSON.stringify(wanted)],
    ));
}

/** What is known about types, by OID. */
export async function readTypes(
  db: Queryable,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TypeInfo>> {
  if (oids.length === 0) return new Map();
  const types = await db.query<TypeInfo>(TYPES, [JSON.stringify([...new Set(oids)])]);
  return new Map(types.map((type) => [type.oid, type]));
}

/** A type with modifiers, as `format_type` prints it; Postgres refuses those that are wrong. */
export async function printModified(
  db: Queryable,
  { oid, modifierInput }: TypeInfo,
  modifiers: readonly string[],
): Promise<string> {
  const [{ printed }] = await db.query<{ printed: string }>(
    // The grammar puts the fields of an interval first: 32767 is all of them.
    `select format_type(t.oid, ${modifierInput}(array(
    select '32767' where 'interval'::regtype in (t.oid, t.typelem)
    union all select * from json_array_elements_text($2::text::json))::cstring[])) as printed
from pg_type t where t.oid = $1::bigint::oid`,
    [oid, JSON.stringify(modifiers)],
  );
  return printed;
}

/** SQL: the schema and name of a row of pg_type, quoted. */
function quoted(alias: string): string {
  return `(select ${
    quotedName("n.nspname")
  } from pg_namespace n where n.oid = ${alias}.typnamespace)
    || '.' || ${quotedName(`${alias}.typname`)}`;
}

/** As `quoteIdent` does it: always in quotes, which keywords need. */
function quotedName(name: string): string {
  return `'"' || replace(${name}::text, '"', '""') || '"'`;
}

/** SQL: whether a B-tree has an order for values of a type that is no array. */
function hasOrder(alias: string): string {
  return `(${alias}.typtype in ('e', 'r', 'm', 'c') or exists (
      select from pg_opclass o join pg_am m on m.oid = o.opcmethod and m.amname = 'btree'
      where o.opcdefault and (o.opcintype = ${alias}.oid or exists (
        select from pg_cast c where c.castsource = ${alias}.oid and c.casttarget = o.opcintype
          and c.castmethod = 'b' and c.castcontext = 'i'))))`;
}

const TYPES = `
with recursive chain as (
  select t.oid as of, t.oid as at, t.typtype, t.typbasetype, t.typtypmod
  from pg_type t
  where t.oid in (select value::oid from json_array_elements_text($1::text::json))
  union all
  select c.of, t.oid, t.typtype, t.typbasetype, t.typtypmod
  from chain c join pg_type t on t.oid = c.typbasetype where c.typtype = 'd'
)
select t.oid::bigint as oid,
  format_type(t.oid, -1) as printed,
  t.typisdefined and t.typtype <> 'p' as usable,
  ${quoted("b")} as base,
  case when t.typtype = 'd' then ${quoted("t")} end as domain,
  exists (select from chain c where c.of = t.oid and c.typtype = 'd' and c.typtypmod >= 0)
    as modified,
  exists (
    select from pg_cast c where c.castsource = 'text'::regtype and c.casttarget = b.oid
      and c.castmethod = 'f') as "castByFunction",
  b.oid in ('json'::regtype, 'jsonb'::regtype) as "isJson",
  case when b.typcategory <> 'A' or b.typelem = 0 then null
    when b.typelem in ('json'::regtype, 'jsonb'::regtype) then 'json' else 'other' end as elements,
  case when b.typcategory = 'A' and b.typelem <> 0 then e.typdelim::text end as delimiter,
  case when b.typcategory = 'A' and b.typelem <> 0 and b.typlen = -1 then ${hasOrder("e")}
    else ${hasOrder("b")} end as ordered,
  b.typnamespace = 'pg_catalog'::regnamespace and b.typname::text like 'reg%' as names,
  case when t.typmodin <> 0 then (
    select ${quotedName("n.nspname")} || '.' || ${quotedName("p.proname")}
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = t.typmodin)
    end as "modifierInput"
from pg_type t
join chain last on last.of = t.oid and last.typtype <> 'd'
join pg_type b on b.oid = last.at
left join pg_type e on e.oid = b.typelem
where t.oid in (select value::oid from json_array_elements_text($1::text::json))`;
