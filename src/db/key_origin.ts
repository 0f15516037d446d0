import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";

/** A foreign key as its owner knows it. */
export interface KeyOrigin extends QualifiedName {
  readonly name: string;
}

/**
 * The foreign key that a constraint of a table is, or that Postgres made it of: it copies a key for
 * each partition of the table that has it, and of the one that it refers to.
 *
 * @returns null where there is no such constraint
 */
export async function readKeyOrigin(
  db: Queryable,
  { schema, table }: QualifiedName,
  constraint: string,
): Promise<KeyOrigin | null> {
  const [origin] = await db.query<KeyOrigin>(ORIGIN, [schema, table, constraint]);
  return origin ?? null;
}

const ORIGIN = `
with recursive chain as (
  select k.conrelid, k.conname, k.conparentid
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and n.nspname = $1 and c.relname = $2 and k.conname = $3
  union all
  select k.conrelid, k.conname, k.conparentid
  from chain join pg_constraint k on k.oid = chain.conparentid
)
select n.nspname as schema, c.relname as "table", chain.conname as name
from chain join pg_class c on c.oid = chain.conrelid join pg_namespace n on n.oid = c.relnamespace
where chain.conparentid = 0`;
