import { SluiceError } from "../core/error.ts";
import type { Database, Queryable } from "../db/database.ts";

/**
 * A database that lets a run write only for as long as it is the run at work on its target.
 *
 * The target's lock is held by a connection, and a connection can drop while the run goes on: then
 * another run may begin, which first marks this one as dead. So every transaction of a run, COPY
 * included, begins by holding its row in the ledger, and fails where another run has marked it; and
 * the other run cannot mark it before such a transaction is over.
 */
export function fencedDatabase(
  db: Database,
  runId: string,
  targetKey: string,
  /** What else must hold for as long as a transaction lasts. */
  also: (tx: Queryable) => Promise<void> = () => Promise.resolve(),
): Database {
  const fence = async (tx: Queryable) => {
    await requireRunning(tx, runId, targetKey);
    await also(tx);
  };
  const transaction: Database["transaction"] = (work, discards) =>
    db.transaction(async (tx) => {
      await fence(tx);
      return await work(tx);
    }, discards);
  return {
    describe: db.describe,
    userPath: db.userPath ?? null,
    transaction,
    query: (sql, params) => transaction((tx) => tx.query(sql, params)),
    copyIn: (sql) => db.copyIn(sql, fence),
    session: () => db.session(),
    cancelRunning: () => db.cancelRunning(),
    // Whoever opened the database closes it.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function requireRunning(tx: Queryable, runId: string, targetKey: string): Promise<void> {
  const rows = await tx.query(
    `select from sluice.runs where id = $1::uuid and status = 'running' for share`,
    [runId],
  );
  if (rows.length > 0) return;
  throw new SluiceError(
    "ledger/lock_lost",
    `Another run has taken over "${targetKey}": the connection that held this run's lock had dropped`,
    {
      retry: "later",
      hint: "What this run had not published is dropped. Run again: it loads what is missing",
    },
  );
}
