import type { Database, Queryable } from "./database.ts";

/**
 * A transaction of statements with SQL of the pipeline file.
 *
 * That SQL sees the path that the database URL or PGOPTIONS names; where neither does it sees what
 * all our statements see, whatever the path of the role and the database is.
 */
export async function withUserPath<T>(
  db: Database,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const path = db.userPath ?? null;
  return await db.transaction(async (tx) => {
    if (path !== null) await tx.query("select set_config('search_path', $1, true)", [path]);
    return await work(tx);
  });
}
