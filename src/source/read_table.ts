import { qualified } from "../core/quote.ts";
import type { ReadColumn } from "../db/connection/reading.ts";
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

/** A column of a table or query. */
export interface SourceColumn extends ReadColumn {
  /** It never is NULL, for certain. */
  readonly notNull: boolean;
}

/** What a database says of rows before they are read. */
export interface SourceRows {
  readonly columns: readonly SourceColumn[];
  /** Columns of the primary key of a table; empty where there is none. */
  readonly key: readonly string[];
}

/**
 * Asks a database for the columns of a source's table or query.
 *
 * @throws SluiceError `source/…`; `source/not_found` where there is no such table
 */
export async function describeRows(
  source: SourcePlan,
  context: SourceContext,
): Promise<SourceRows> {
  const location = locate(source.url, source, context.secrets);
  return await withReading(location, source, context, async (reading, wait) => {
    const columns = await wait(reading.columns(location.query!));
    const known = source.table === undefined ? [] : await wait(
      reading.query<KnownColumn>(KNOWN_COLUMNS, Object.values(qualified(source.table))),
    );
    const facts = new Map(known.map((each) => [each.name, each]));
    return {
      columns: columns.map((each) => ({
        ...each,
        notNull: facts.get(each.name)?.notNull ?? false,
      })),
      key: known.filter(({ place }) => place !== null)
        .sort((a, b) => a.place! - b.place!).map(({ name }) => name),
    };
  });
}

interface KnownColumn {
  readonly name: string;
  readonly notNull: boolean;
  /** In the primary key, from 1; null: it is none of its columns. */
  readonly place: number | null;
}

/** SQL: what a table says of its columns. */
const KNOWN_COLUMNS = `select a.attname::pg_catalog.text as name, a.attnotnull as "notNull",
  pg_catalog.array_position(i.indkey::pg_catalog.int2[], a.attnum) + 1 as place
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
left join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) c.oid and i.indisprimary
where n.nspname operator(pg_catalog.=) $1::pg_catalog.text
  and c.relname operator(pg_catalog.=) $2::pg_catalog.text
  and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped`;
