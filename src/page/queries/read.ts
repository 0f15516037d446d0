import type { Database, Queryable } from "../../db/database.ts";
import { appliedMigration } from "../../ledger/mod.ts";

/** The migration that the queries of the page need. */
const NEEDS = 13;

/** The ledger is missing, or another version of Sluice made it. */
export type NoLedger = "none" | "older";

/**
 * Asks the ledger in one transaction that writes nothing, sees one moment, and takes no longer than
 * a person waits.
 */
export async function readLedgerWith<T>(
  db: Database,
  work: (tx: Queryable) => Promise<T>,
): Promise<T | NoLedger> {
  return await db.transaction(async (tx) => {
    await tx.query(
      `set transaction isolation level repeatable read, read only;
set local statement_timeout = '5s'; set local lock_timeout = '2s'; set local jit = off`,
    );
    const migration = await appliedMigration(tx);
    if (migration === 0) return "none";
    if (migration < NEEDS) return "older";
    return await work(tx);
  });
}
