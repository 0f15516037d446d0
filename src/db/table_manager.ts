import type { QualifiedName } from "../core/quote.ts";
import type { Queryable } from "./database.ts";

/** Who keeps a table's rows in parts of its own making, whose partitions cannot be exchanged. */
export type TableManager =
  | "a TimescaleDB hypertable"
  | "a Citus table"
  | "an Aurora Limitless table";

/** Where each of them lists its tables, and the condition that one of them is $1.$2. */
const LISTS: readonly {
  readonly manager: TableManager;
  readonly schemas: readonly string[];
  readonly table: string;
  readonly condition: string;
}[] = [
  {
    manager: "a TimescaleDB hypertable",
    schemas: ["_timescaledb_catalog"],
    table: "hypertable",
    condition: "l.schema_name::text = $1 and l.table_name::text = $2",
  },
  {
    manager: "a Citus table",
    schemas: ["pg_catalog", "citus"],
    table: "pg_dist_partition",
    condition: `l.logicalrelid::pg_catalog.oid = (
  select c.oid from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2)`,
  },
  {
    manager: "an Aurora Limitless table",
    schemas: ["rds_aurora"],
    table: "limitless_tables",
    condition: "l.schema_name::text = $1 and l.table_name::text = $2",
  },
];

/** Recognises it by the extension's own catalog; null for a table of Postgres alone. */
export async function readTableManager(
  db: Queryable,
  table: QualifiedName,
): Promise<TableManager | null> {
  const lists = await db.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relname in (select pg_catalog.json_array_elements_text($1::pg_catalog.json))
  and c.relkind in ('r', 'v')`,
    [JSON.stringify(LISTS.map(({ table }) => table))],
  );
  for (const { manager, schemas, table: list, condition } of LISTS) {
    const found = lists.find(({ schema, name }) => name === list && schemas.includes(schema));
    if (found === undefined) continue;
    // Both names are from the list above.
    const rows = await db.query(
      `select 1 from ${found.schema}.${found.name} l where ${condition}`,
      [table.schema, table.table],
    );
    if (rows.length > 0) return manager;
  }
  return null;
}
