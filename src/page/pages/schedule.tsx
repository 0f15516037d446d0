import { type ServedFiles, servedPipelines } from "../../schedule/pipeline_files.ts";
import { readSchedules, type ScheduleRecord } from "../../schedule/schedules.ts";
import type { Starts } from "../starts.ts";
import { type Ask, askLedger, olderLedger, type Shown } from "../ask.ts";

import { ScheduleView, type Timed } from "../views/schedule.tsx";

/** Milliseconds after its start from which on a tick that nobody took counts as missed. */
const PATIENCE = 120_000;

/** Milliseconds after its time from which on a run counts as late. */
const LATE = 60_000;

/** `/starts` */
export async function schedulePage(ask: Ask): Promise<Shown> {
  const { host, frame } = ask;
  const found = await askLedger(ask, readSchedules);
  if (found === "older") throw olderLedger();
  const records = found === "none" ? new Map<string, ScheduleRecord>() : found;
  const running = new Set(
    host.pipelines().filter(({ running }) => running).map(({ spec }) => spec.pipeline),
  );
  const timed = timedOf(host.files(), records, running, ask.starts, frame.now);
  const others = [...records.values()].filter(({ pipeline }) =>
    !timed.some((each) => each.pipeline === pipeline)
  );
  const data = { timed, others, keepsSchedules: host.keepsSchedules };
  return {
    title: "Schedule",
    at: "/starts",
    view: <ScheduleView data={data} now={frame.now} />,
  };
}

function timedOf(
  files: ServedFiles,
  records: ReadonlyMap<string, ScheduleRecord>,
  running: ReadonlySet<string>,
  starts: Starts,
  now: Date,
): Timed[] {
  return servedPipelines(files).flatMap(({ spec: { pipeline }, schedule }): Timed[] => {
    if (schedule === null) return [];
    const record = records.get(pipeline) ?? null;
    const { last: due, next } = starts.around(pipeline, schedule, now);
    const since = record === null ? null : record.tick ?? record.since;
    const untaken = due !== null && since !== null && due.tick > since &&
      now.getTime() - due.at.getTime() > PATIENCE;
    const started = record?.last?.started_at ?? null;
    const delay = started !== null && record?.tick
      ? Date.parse(started) - record.tick.getTime() - 1000 * schedule.jitterSeconds
      : 0;
    return [{
      pipeline,
      schedule,
      record,
      next: next.map(({ at }) => at.toISOString()),
      missed: untaken ? due.at.toISOString() : null,
      lateBy: record?.attempt === 1 && delay > LATE ? delay : null,
      running: running.has(pipeline),
    }];
  }).sort((a, b) => (a.next[0] ?? "~") < (b.next[0] ?? "~") ? -1 : 1);
}
