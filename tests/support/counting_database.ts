import type { Database, Queryable } from "../../src/db/database.ts";

/** A real database that counts what is sent to it: statements, and transactions as one more. */
export function countingDatabase(real: Database): {
  readonly db: Database;
  /** The text of each statement but COPY. */
  readonly statements: readonly string[];
  sent(): number;
} {
  let sent = 0;
  const statements: string[] = [];
  const counting = <Q extends Queryable>(queryable: Q): Queryable => ({
    query(sql, params) {
      sent++;
      statements.push(sql);
      return queryable.query(sql, params);
    },
  });
  const db: Database = {
    ...real,
    describe: real.describe,
    userPath: real.userPath ?? null,
    ...counting(real),
    transaction(work, discards) {
      sent++;
      return real.transaction((tx) => work(counting(tx)), discards);
    },
    copyIn(sql, first) {
      sent++;
      return real.copyIn(sql, first);
    },
    async session() {
      const session = await real.session();
      return {
        ...counting(session),
        ...(session.lost === undefined ? {} : { lost: session.lost }),
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    cancelRunning: () => real.cancelRunning(),
    [Symbol.asyncDispose]: async () => {},
  };
  return { db, statements, sent: () => sent };
}
