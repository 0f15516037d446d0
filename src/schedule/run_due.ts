import type { Database } from "../db/database.ts";
import { migrate } from "../ledger/mod.ts";
import { databaseTime, timeFrom } from "./database_time.ts";
import { type RunHost, runTick } from "./run_tick.ts";
import type { SchedulerHost, ServedPipeline } from "./scheduler_host.ts";
import { readSchedules, registerSchedule } from "./schedules.ts";

/** What {@link runDue} needs from outside. */
export interface DueHost
  extends
    Omit<RunHost, "now">,
    Pick<SchedulerHost, "clock">,
    Partial<Pick<SchedulerHost, "time">> {}

/**
 * Runs what is due now, one pipeline after another, and returns.
 *
 * For places without a process that stays, where something calls once a minute. Everything that
 * `serve` promises holds, also beside one: the ledger knows what was taken.
 *
 * @param calledEvery milliseconds between calls: without catch-up, what is older was missed
 */
export async function runDue(
  db: Database,
  pipelines: readonly ServedPipeline[],
  calledEvery: number,
  signal: AbortSignal,
  { clock, time = databaseTime, ...host }: DueHost,
): Promise<void> {
  await migrate(db);
  const now = await time(db);
  const own = { ...host, now: timeFrom(now, clock) };
  const known = await readSchedules(db);
  const serving = new Date(now.getTime() - 2 * calledEvery);
  for (const { spec, schedule } of pipelines) {
    if (schedule === null || signal.aborted) continue;
    const record = known.get(spec.pipeline);
    if (record?.cron !== schedule.cron || record.timezone !== schedule.timezone) {
      await registerSchedule(db, spec.pipeline, schedule, now);
    }
    await runTick(db, { spec, schedule, serving }, signal, own);
  }
}
