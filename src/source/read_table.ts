import { qualified } from "../core/quote.ts";
import { type DatabaseIdentity, readIdentity } from "../db/identity.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import type { SourceContext } from "./context.ts";
import { locate } from "./location.ts";
import { withReading } from "./transports/postgres.ts";

/** The table that a source reads whole. */
export interface SourceTable {
  readonly database: DatabaseIdentity;
  readonly oid: number;
}

/**
 * Finds the table of a source; null where there is none of that name.
 *
 * @throws SluiceError `source/…`
 */
export async function findSourceTable(
  source: SourcePlan & { readonly table: string },
  context: SourceContext,
): Promise<SourceTable | null> {
  const { schema, table } = qualified(source.table);
  const location = locate(source.url, source, context.secrets);
  return await withReading(location, source, context, async (reading, wait) => {
    const [found] = await wait(reading.query<{ oid: number }>(
      `select c.oid::pg_catalog.int8 as oid from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where n.nspname operator(pg_catalog.=) $1::pg_catalog.text
  and c.relname operator(pg_catalog.=) $2::pg_catalog.text`,
      [schema, table],
    ));
    if (found === undefined) return null;
    return { database: await wait(readIdentity(reading)), oid: Number(found.oid) };
  });
}
