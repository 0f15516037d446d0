import { occurrencesUpTo } from "../core/occurrences.ts";
import { decide, isMissed, type ScheduleRow } from "./decide.ts";
import type { LastTick } from "./model.ts";
import type { ServedPipeline } from "./scheduler_host.ts";

/** A pipeline that another one waits for: its schedule, what became of it, and who runs it. */
export interface Before extends ServedPipeline {
  /** Since when this server watches it. */
  readonly serving: Date;
  /** Null where it has not run yet. */
  readonly row: (ScheduleRow & { readonly last: Pick<LastTick, "status"> | null }) | null;
  readonly isRunning: boolean;
}

/** What those that a pipeline waits for make of a start of it. */
export type Standing =
  | { readonly kind: "go" }
  /** One of them is under way, or about to start for the same time or an earlier one. */
  | { readonly kind: "wait" }
  /** One of them failed since the pipeline was run last. */
  | { readonly kind: "skip"; readonly failed: string };

/**
 * Whether a pipeline may start.
 *
 * @param last the newest tick of the pipeline that is over; null: none
 * @param tick the one that would start
 */
export function standsBefore(
  others: readonly Before[],
  last: Date | null,
  tick: Date,
  now: Date,
): Standing {
  if (others.some((other) => isPending(other, tick, now))) return { kind: "wait" };
  const failed = others.find(({ row }) => row !== null && hasFailed(row, last));
  return failed === undefined ? { kind: "go" } : { kind: "skip", failed: failed.spec.pipeline };
}

function isPending(
  { schedule, serving, row, isRunning }: Before,
  tick: Date,
  now: Date,
): boolean {
  if (isRunning) return true;
  if (schedule === null || row === null) return false;
  if (decide(row, schedule, serving, now).kind !== "wait") return true;
  // Of another server: one that died of it is seen above.
  const isOver = (tick: Date) => isMissed(schedule, tick, serving);
  if (row.state === "retrying" && row.tick !== null && !isOver(row.tick)) return true;
  // Its jitter lets it start later than this one.
  const [due] = occurrencesUpTo(schedule, tick, 1);
  const known = row.tick !== null && row.tick > row.since ? row.tick : row.since;
  return due !== undefined && due > known && !isOver(due);
}

function hasFailed(
  { state, tick, last }: NonNullable<Before["row"]>,
  since: Date | null,
): boolean {
  if (state !== "done" || tick === null || (since !== null && tick <= since)) return false;
  const status = last?.status ?? null;
  return status !== null && status !== "succeeded" && status !== "unchanged";
}
