import { SluiceError } from "../../src/core/error.ts";
import type { CopyIn, Database, Queryable, Session } from "../../src/db/database.ts";

/** How the N-th call to the database goes wrong. */
export type Fault =
  /** The statement never reaches Postgres. */
  | "before"
  /** Postgres carries it out, but the answer is lost. */
  | "after"
  /** The connection dies instead. */
  | "disconnect";

/** A real database whose N-th call fails; every other call reaches the real server. */
export interface FaultyDatabase {
  readonly db: Database;
  /** Calls so far. */
  calls(): number;
  /** Whether the fault has struck. */
  struck(): boolean;
}

/**
 * Counts every statement, COPY write and commit that passes, and breaks the N-th.
 *
 * @param retry whether the error says that trying again may help
 */
export function faultyDatabase(
  real: Database,
  failAt: number,
  fault: Fault,
  retry: "never" | "later",
): FaultyDatabase {
  let calls = 0;
  let struck = false;

  async function step<T>(work: () => Promise<T>, queryable?: Queryable): Promise<T> {
    calls++;
    if (calls !== failAt) return await work();
    struck = true;
    if (fault === "after") await work();
    if (fault === "disconnect" && queryable !== undefined) {
      await queryable.query("select pg_terminate_backend(pg_backend_pid())").catch(() => {});
    }
    throw new SluiceError("db/injected", `Injected failure of call ${failAt} (${fault})`, {
      retry,
    });
  }

  function wrap(queryable: Queryable): Queryable {
    return {
      query: (sql, params) => step(() => queryable.query(sql, params), queryable),
    };
  }

  function wrapCopy(copy: CopyIn): CopyIn {
    return {
      write: (bytes) => step(() => copy.write(bytes)),
      finish: () => step(() => copy.finish()),
      abort: (reason) => copy.abort(reason),
    };
  }

  const db: Database = {
    describe: real.describe,
    cancelRunning: () => real.cancelRunning(),
    ...wrap(real),
    async transaction(work) {
      let inside = false;
      const result = await real.transaction(async (tx) => {
        const value = await work(wrap(tx));
        // Failing here stands for a commit that is never sent.
        calls++;
        if (calls === failAt && fault !== "after") {
          struck = true;
          if (fault === "disconnect") {
            await tx.query("select pg_terminate_backend(pg_backend_pid())").catch(() => {});
          }
          throw new SluiceError("db/injected", `Injected failure of commit ${failAt}`, { retry });
        }
        inside = calls === failAt;
        return value;
      });
      if (inside) {
        struck = true;
        throw new SluiceError("db/injected", `Injected loss of the commit's answer`, { retry });
      }
      return result;
    },
    async session(): Promise<Session> {
      const session = await real.session();
      return { ...wrap(session), [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
    },
    async copyIn(sql, first) {
      let opened: CopyIn | null = null;
      try {
        return await step(async () =>
          wrapCopy(
            opened = await real.copyIn(sql, first && ((tx) => first(wrap(tx)))),
          )
        );
      } catch (error) {
        // Whoever never heard that the copy began cannot end it: its connection is gone.
        await (opened as CopyIn | null)?.abort("The answer was lost");
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { db, calls: () => calls, struck: () => struck };
}
