import { createHmac } from "node:crypto";
import { quoteIdent, quoteLiteral } from "../../core/quote.ts";
import type { Database } from "../database.ts";
import { EMBEDDED_DATABASE } from "./data_folder.ts";

/** The role that loads; it owns the database and is not a superuser. */
export const LOADER = "sluice_loader";

/** Serializes processes that make the role at the same time. */
const LOCK = 7_516_192_768;

/** The loader's password: nobody gets from it to the superuser's. */
export function loaderPassword(superuserPassword: string): string {
  return createHmac("sha256", superuserPassword).update(LOADER).digest("hex").slice(0, 48);
}

/**
 * Makes the loader where it is missing, and gives it what the superuser has made in the database.
 *
 * SQL of a pipeline file runs as this role. A superuser could write any file of the machine with
 * it (`lo_export`), the programs and settings of this very server among them. Data folders of
 * earlier versions have the superuser alone.
 *
 * @param db as the superuser, connected to the database that is loaded
 */
export async function ensureLoader(db: Database, superuserPassword: string): Promise<void> {
  if (await exists(db)) return;
  await db.transaction(async (tx) => {
    await tx.query("set local search_path = pg_catalog");
    await tx.query(`select pg_advisory_xact_lock(${LOCK})`);
    if (await exists(tx)) return;
    const password = quoteLiteral(loaderPassword(superuserPassword));
    const role = quoteIdent(LOADER);
    await tx.query(
      `create role ${role} login createdb createrole bypassrls password ${password}`,
    );
    await tx.query(`grant pg_read_all_stats to ${role}`);
    await tx.query(`alter database ${quoteIdent(EMBEDDED_DATABASE)} owner to ${role}`);
    for (const { sql } of await tx.query<{ sql: string }>(OWNED, [LOADER])) await tx.query(sql);
  });
}

async function exists(db: Pick<Database, "query">): Promise<boolean> {
  const found = await db.query("select from pg_catalog.pg_roles where rolname = $1", [LOADER]);
  return found.length > 0;
}

/**
 * A statement for each object that the bootstrap superuser (10) owns and initdb did not make (below
 * 16384). What belongs to an extension, a column or a table goes with it.
 */
const OWNED = `select format('alter %s %s owner to %I', kind, name, $1::text) as sql
from (
  select 'schema' as kind, quote_ident(nspname) as name, oid, 'pg_namespace'::regclass as catalog
  from pg_namespace where nspowner = 10 and nspname !~ '^pg_'
  union all
  select case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
      when 'f' then 'foreign table' else 'table' end,
    oid::regclass::text, oid, 'pg_class'::regclass
  from pg_class where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select 'routine', oid::regprocedure::text, oid, 'pg_proc'::regclass
  from pg_proc where proowner = 10
  union all
  select 'type', t.oid::regtype::text, t.oid, 'pg_type'::regclass
  from pg_type t left join pg_class c on c.oid = t.typrelid
  where t.typowner = 10 and (t.typtype in ('d', 'e', 'r') or c.relkind = 'c')
) o
where oid >= 16384
  and not exists (
    select from pg_depend d
    where d.classid = o.catalog and d.objid = o.oid and d.objsubid = 0
      and (d.deptype = 'e' or (kind = 'sequence' and d.deptype in ('a', 'i')))
  )
order by kind <> 'schema', oid`;
