import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { IncomingKey } from "./catalog/catalog.ts";
import type { Database } from "./database.ts";
import { isError } from "./sqlstate.ts";

/** A look at another's table waits and searches no longer than this. */
const LIMIT = "5s";

/** The keys that rows refer by, or may refer by where that cannot be seen. */
export async function findReferring(
  db: Database,
  keys: readonly IncomingKey[],
): Promise<readonly IncomingKey[]> {
  const found: IncomingKey[] = [];
  for (const key of keys) if (await hasRows(db, key)) found.push(key);
  return found;
}

async function hasRows(db: Database, { table, columns }: IncomingKey): Promise<boolean> {
  const refers = columns.map((column) => `${quoteIdent(column)} is not null`).join(" and ");
  try {
    return await db.transaction(async (tx) => {
      await tx.query(
        "select set_config('lock_timeout', $1, true), set_config('statement_timeout', $1, true)",
        [LIMIT],
      );
      const rows = await tx.query(`select from ${quoteTable(table)} where ${refers} limit 1`);
      return rows.length > 0;
    });
  } catch (error) {
    if (!isError(error, "noQuickLook")) throw error;
    return true;
  }
}
