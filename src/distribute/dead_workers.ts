import type { Queryable, Session } from "../db/database.ts";
import { advisoryLockHolder, tryAdvisoryLock } from "../db/lock.ts";
import type { Queue } from "./queue.ts";

const keyOf = (worker: string) => `sluice:worker:${worker}`;

/** Shows for as long as a session lasts that a worker lives. */
export async function showAlive(session: Session, worker: string): Promise<void> {
  if (await tryAdvisoryLock(session, keyOf(worker))) return;
  throw new Error(`Another worker has the name "${worker}"`);
}

/**
 * Returns the jobs of dead workers to the queue: killed, or cut off from the database.
 *
 * One that was only cut off can write no more: the worker that takes its job over claims it.
 */
export async function releaseDeadWorkers(queue: Queue, db: Queryable): Promise<void> {
  const dead: string[] = [];
  for (const worker of await queue.holders()) {
    if (await advisoryLockHolder(db, keyOf(worker)) === null) dead.push(worker);
  }
  if (dead.length > 0) await queue.release(dead);
}
