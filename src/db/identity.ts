import type { Queryable } from "./database.ts";
import { isError } from "./sqlstate.ts";

/** Which database of which cluster it is, wherever it is reached. */
export interface DatabaseIdentity {
  /** Of the cluster; null where the role may not ask. */
  readonly system: string | null;
  /** Another one that is given the same name has another. */
  readonly oid: number;
  readonly name: string;
}

/** Asks a database who it is. */
export async function readIdentity(db: Queryable): Promise<DatabaseIdentity> {
  const [{ oid, name }] = await db.query<{ oid: number; name: string }>(
    `select oid::bigint as oid, datname::text as name from pg_database
where datname = current_database()`,
  );
  return { system: await readSystem(db), oid: Number(oid), name };
}

async function readSystem(db: Queryable): Promise<string | null> {
  try {
    const [{ system }] = await db.query<{ system: string }>(
      "select system_identifier::text as system from pg_control_system()",
    );
    return system;
  } catch (error) {
    if (isError(error, "noQuickLook")) return null;
    throw error;
  }
}

/** Whether both are the same database; of what one of them does not know the other decides nothing. */
export function isSameDatabase(one: DatabaseIdentity, other: DatabaseIdentity): boolean {
  const isSystem = one.system === null || other.system === null || one.system === other.system;
  return isSystem && one.oid === other.oid && one.name === other.name;
}
