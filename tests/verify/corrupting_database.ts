import type { CopyIn, Database } from "../../src/db/database.ts";

/** A real database to which a stretch of bytes arrives as another of the same length. */
export interface CorruptingDatabase {
  readonly db: Database;
  /** How often the bytes were replaced. */
  struck(): number;
}

/**
 * Replaces the first `from` that COPY carries by `to`, once in each COPY.
 *
 * @param before SQL that is run before the first COPY
 */
export function corruptingDatabase(
  real: Database,
  from: string,
  to: string,
  before = "select",
): CorruptingDatabase {
  const wanted = new TextEncoder().encode(from);
  const other = new TextEncoder().encode(to);
  if (wanted.length !== other.length) throw new Error("The frame would not be valid any more");
  let struck = 0;
  let prepared: Promise<unknown> | null = null;
  function wrap(copy: CopyIn): CopyIn {
    let done = false;
    return {
      write(bytes) {
        const at = done ? -1 : indexOf(bytes, wanted);
        if (at < 0) return copy.write(bytes);
        done = true;
        struck++;
        const changed = bytes.slice();
        changed.set(other, at);
        return copy.write(changed);
      },
      finish: () => copy.finish(),
      abort: (reason) => copy.abort(reason),
    };
  }
  const db: Database = {
    describe: real.describe,
    query: (sql, params) => real.query(sql, params),
    transaction: (work) => real.transaction(work),
    session: () => real.session(),
    async copyIn(sql, first) {
      await (prepared ??= real.query(before));
      return wrap(await real.copyIn(sql, first));
    },
    cancelRunning: () => real.cancelRunning(),
    [Symbol.asyncDispose]: async () => {},
  };
  return { db, struck: () => struck };
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    let i = 0;
    while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
    if (i === wanted.length) return at;
  }
  return -1;
}
