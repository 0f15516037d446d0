import type { Database } from "../../src/db/database.ts";

/** A real database that halts once, before one of its transactions, copies or statements. */
export interface HaltingDatabase {
  readonly db: Database;
  /** Resolves when it has halted. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  go(): void;
  /** Ends the newest session's connection, and with it whatever lock it held. */
  cutSession(): Promise<unknown>;
}

/** @param at which transaction, copy or single statement, from 1 */
export function haltingDatabase(real: Database, at: number): HaltingDatabase {
  let calls = 0;
  let session: number | null = null;
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  async function step<T>(work: () => Promise<T>): Promise<T> {
    if (++calls === at) {
      reached.resolve();
      await go.promise;
    }
    return await work();
  }
  const db: Database = {
    describe: real.describe,
    query: (sql, params) => step(() => real.query(sql, params)),
    transaction: (work) => step(() => real.transaction(work)),
    copyIn: (sql, first) => step(() => real.copyIn(sql, first)),
    cancelRunning: () => real.cancelRunning(),
    async session() {
      const opened = await real.session();
      [{ session }] = await opened.query<{ session: number }>("select pg_backend_pid() as session");
      return opened;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    db,
    reached: reached.promise,
    go: () => go.resolve(),
    cutSession: () => real.query("select pg_terminate_backend($1::int, 5000)", [session]),
  };
}
