import type { Database } from "../../src/db/database.ts";

/** A database in which somebody alters the target each time when rows were copied, `times` times. */
export function altering(real: Database, sql: string, times = 1): Database {
  let left = times;
  return {
    describe: real.describe,
    query: (sql, params) => real.query(sql, params),
    transaction: (work) => real.transaction(work),
    session: () => real.session(),
    cancelRunning: () => real.cancelRunning(),
    async copyIn(copy, first) {
      if (left-- > 0) await real.query(sql.replaceAll("{n}", String(left)));
      return await real.copyIn(copy, first);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
