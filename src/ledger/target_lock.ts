import { SluiceError } from "../core/error.ts";
import type { Database, Session } from "../db/database.ts";
import { requireEncodable } from "../db/encodable.ts";
import { advisoryLockHolder, tryAdvisoryLock } from "../db/lock.ts";

/**
 * Takes the lock that makes runs of one target take turns; held until disposed or disconnected.
 *
 * @throws SluiceError `ledger/target_locked` (retry later) naming who holds it,
 *   `db/not_in_encoding` where the database cannot have a table of that name
 */
export async function lockTarget(db: Database, targetKey: string): Promise<Session> {
  const key = `sluice:target:${targetKey}`;
  await requireEncodable(db, [{ what: "table", text: targetKey }]);
  const session = await db.session();
  try {
    if (await tryAdvisoryLock(session, key)) return session;
    const holder = await advisoryLockHolder(session, key);
    const who = holder === null ? "" : ` (pid ${holder.pid}, ${holder.applicationName})`;
    throw new SluiceError(
      "ledger/target_locked",
      `Another run is loading "${targetKey}"${who}`,
      { retry: "later", hint: "Wait until it ends, then run again" },
    );
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
