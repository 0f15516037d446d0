import { SluiceError } from "../core/error.ts";
import { OFFSET_COLUMN, offsetIndexName } from "../core/names.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { Catalog } from "../db/catalog/catalog.ts";
import type { Statement, TableName } from "./load_plan.ts";

/**
 * The replica identity of staging under a publication of all tables; null where nothing is
 * published. Without it Postgres refuses every update and delete of a published table.
 */
export type StagingIdentity = "full" | "index" | null;

/** Postgres 18 takes no whole row for an identity where a column of it is computed. */
const GENERATED_IS_NO_IDENTITY = 180000;

/** Chooses the replica identity of staging. */
export function stagingIdentity(
  { published, table, serverVersion }: Catalog,
  offsetColumn: boolean,
): StagingIdentity {
  if (!published) return null;
  const generated = serverVersion >= GENERATED_IS_NO_IDENTITY &&
    (table?.columns.some((column) => column.generated) ?? false);
  if (!generated) return "full";
  return offsetColumn ? "index" : null;
}

/** Gives a staging table that was just made its identity. */
export function identifyStaging(staging: TableName, identity: StagingIdentity): Statement[] {
  if (identity === null) return [];
  if (identity === "full") return [identify(staging, "full", null)];
  const offset = quoteIdent(OFFSET_COLUMN);
  const index = quoteIdent(offsetIndexName(staging.table));
  return [
    {
      sql: `alter table ${quoteTable(staging)} alter column ${offset} set not null`,
      params: [],
      why: "A replica identity has no NULL",
      lock: null,
    },
    {
      sql: `create unique index ${index} on ${quoteTable(staging)} (${offset})`,
      params: [],
      why: "The place in the file identifies a row",
      lock: null,
    },
    identify(staging, `using index ${index}`, null),
  ];
}

/**
 * Lets rows of the target be updated and deleted where both are published; only for tables that
 * Sluice made.
 *
 * The whole row and not an index: an index would pin the NOT NULL of the key's columns.
 */
export function identifyTarget(tables: readonly TableName[]): Statement[] {
  return tables.map((table) =>
    identify(
      table,
      "full",
      `ACCESS EXCLUSIVE on ${table.schema}.${table.table}, for milliseconds`,
    )
  );
}

/**
 * Refuses a merge into somebody else's table that Postgres would refuse after the load.
 *
 * @throws SluiceError `plan/no_replica_identity`
 */
export function requireIdentity(targetKey: string, { table }: Catalog): void {
  const [first, ...more] = table?.unidentified ?? [];
  if (first === undefined) return;
  const name = `${first.schema}.${first.table}`;
  throw new SluiceError(
    "plan/no_replica_identity",
    `Rows of "${targetKey}" can be neither updated nor deleted: a publication sends both, and "${name}"${
      more.length === 0 ? " has" : ` and ${more.length} more partitions have`
    } no replica identity`,
    {
      hint:
        `Give it a primary key, or: alter table ${name} replica identity full. Or use refresh.mode: append`,
    },
  );
}

function identify(table: TableName, by: string, lock: string | null): Statement {
  return {
    sql: `alter table ${quoteTable(table)} replica identity ${by}`,
    params: [],
    why: "Updates and deletes are published, and Postgres refuses them where rows have no identity",
    lock,
  };
}
