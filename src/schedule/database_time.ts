import type { Clock } from "../core/clock.ts";
import type { Queryable } from "../db/database.ts";

/**
 * The time that all servers of a database have in common: the database's.
 *
 * A server whose own clock is wrong would take ticks that have not come, or find its own taken.
 */
export async function databaseTime(db: Queryable): Promise<Date> {
  const [{ now }] = await db.query<{ now: string }>(`select pg_catalog.clock_timestamp() as now`);
  return new Date(now);
}

/** A time that goes on from a reading, however the machine's own is set meanwhile. */
export function timeFrom(reading: Date, clock: Pick<Clock, "monotonic">): () => Date {
  const began = clock.monotonic();
  return () => new Date(reading.getTime() + clock.monotonic() - began);
}
