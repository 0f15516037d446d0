import { afterOrder } from "../core/after_order.ts";
import type { Database } from "../db/database.ts";
import { migrate } from "../ledger/mod.ts";
import { databaseTime, timeFrom } from "./database_time.ts";
import { decide } from "./decide.ts";
import { type RunHost, runTick, type Watched } from "./run_tick.ts";
import type { SchedulerHost, ServedPipeline } from "./scheduler_host.ts";
import { readSchedules, registerSchedule } from "./schedules.ts";
import { type Standing, standsBefore } from "./stands_before.ts";

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
  const order = afterOrder(pipelines.map((each) => ({ ...each, ...each.spec })));
  for (const { spec, schedule } of order.ordered ?? pipelines) {
    if (schedule === null || signal.aborted) continue;
    const record = known.get(spec.pipeline);
    if (record?.cron !== schedule.cron || record.timezone !== schedule.timezone) {
      await registerSchedule(db, spec.pipeline, schedule, now);
    }
    const standing = await standingOf({ spec, schedule, serving }, pipelines, db, own.now());
    if (standing.kind === "wait") continue;
    const failed = standing.kind === "skip" ? { failedBefore: standing.failed } : {};
    await runTick(db, { spec, schedule, serving, ...failed }, signal, own);
  }
}

/** What those that a pipeline waits for make of a start of it, as the ledger has them now. */
async function standingOf(
  { spec, schedule, serving }: Watched,
  pipelines: readonly ServedPipeline[],
  db: Database,
  now: Date,
): Promise<Standing> {
  const { pipeline, after = [] } = spec;
  const others = pipelines.filter((each) => after.includes(each.spec.pipeline));
  if (others.length === 0 || schedule === null) return { kind: "go" };
  const rows = await readSchedules(db);
  const row = rows.get(pipeline);
  if (row === undefined) return { kind: "go" };
  const decision = decide(row, schedule, serving, now);
  if (decision.kind !== "run") return { kind: "go" };
  const before = others.map((each) => ({
    ...each,
    serving,
    row: rows.get(each.spec.pipeline) ?? null,
    isRunning: false,
  }));
  return standsBefore(before, row.tick, decision.tick, now);
}
