import { expect } from "packages/expect.ts";
import { decide, retryAt, type ScheduleRow } from "../../src/schedule/decide.ts";
import { at, schedule } from "./support.ts";

const HOURLY = schedule("0 * * * *");
const LONG_AGO = at("2026-01-01T00:00");

function row(changes: Partial<ScheduleRow> = {}): ScheduleRow {
  return {
    pipeline: "trips",
    since: LONG_AGO,
    tick: null,
    attempt: 0,
    state: "waiting",
    retryAt: null,
    ...changes,
  };
}

function done(tick: string): ScheduleRow {
  return row({ tick: at(tick), attempt: 1, state: "done" });
}

Deno.test("decide() waits for the first tick of a schedule that is new", () => {
  const made = row({ since: at("2026-03-01T10:20") });
  expect(decide(made, HOURLY, at("2026-03-01T10:20"), at("2026-03-01T10:20"))).toEqual({
    kind: "wait",
    until: at("2026-03-01T11:00"),
  });
});

Deno.test("decide() runs a tick when it comes, and once", () => {
  const now = at("2026-03-01T11:00");
  expect(decide(done("2026-03-01T10:00"), HOURLY, LONG_AGO, now)).toEqual({
    kind: "run",
    tick: now,
    attempt: 1,
  });
  expect(decide(done("2026-03-01T11:00"), HOURLY, LONG_AGO, at("2026-03-01T11:59:59"))).toEqual({
    kind: "wait",
    until: at("2026-03-01T12:00"),
  });
});

Deno.test("decide() runs a tick once more for no server whose clock is behind", () => {
  const now = at("2026-03-01T10:59:58");
  expect(decide(done("2026-03-01T11:00"), HOURLY, LONG_AGO, now)).toEqual({
    kind: "wait",
    until: at("2026-03-01T11:00"),
  });
});

Deno.test("decide() catches up once, with the newest of the ticks that were missed", () => {
  const now = at("2026-03-04T08:30");
  expect(decide(done("2026-03-01T10:00"), HOURLY, now, now)).toEqual({
    kind: "run",
    tick: at("2026-03-04T08:00"),
    attempt: 1,
  });
});

Deno.test("decide() leaves out what was missed without catch-up, and nothing else", () => {
  const lazy = schedule("0 * * * *", { catchUp: false });
  const serving = at("2026-03-04T08:30");
  const wait = { kind: "wait", until: at("2026-03-04T09:00") };
  expect(decide(done("2026-03-01T10:00"), lazy, serving, serving)).toEqual(wait);
  const died = row({ tick: at("2026-03-01T10:00"), attempt: 1, state: "running" });
  expect(decide(died, lazy, serving, serving)).toEqual(wait);
  expect(decide(died, lazy, serving, at("2026-03-04T09:05"))).toEqual({
    kind: "run",
    tick: at("2026-03-04T09:00"),
    attempt: 1,
  });
});

Deno.test("decide() asks nothing of before a schedule was changed", () => {
  const changed = { ...done("2026-03-01T06:00"), since: at("2026-03-01T12:00") };
  const daily = schedule("0 11 * * *");
  expect(decide(changed, daily, LONG_AGO, at("2026-03-01T12:00"))).toEqual({
    kind: "wait",
    until: at("2026-03-02T11:00"),
  });
});

Deno.test("decide() takes up what a server died of, and gives up where servers keep dying", () => {
  const now = at("2026-03-01T10:05");
  const tick = at("2026-03-01T10:00");
  const died = (attempt: number) => row({ tick, attempt, state: "running" });
  for (const attempt of [1, 2, 3]) {
    expect(decide(died(attempt), HOURLY, LONG_AGO, now)).toEqual({
      kind: "run",
      tick,
      attempt: attempt + 1,
    });
  }
  expect(decide(died(4), HOURLY, LONG_AGO, now)).toEqual({ kind: "give_up", tick });
  expect(decide(died(4), HOURLY, LONG_AGO, at("2026-03-01T11:00"))).toEqual({
    kind: "run",
    tick: at("2026-03-01T11:00"),
    attempt: 1,
  });
});

Deno.test("decide() tries again when its time has come, unless the next tick is there first", () => {
  const tick = at("2026-03-01T10:00");
  const failed = row({ tick, attempt: 1, state: "retrying", retryAt: at("2026-03-01T10:10") });
  expect(decide(failed, HOURLY, LONG_AGO, at("2026-03-01T10:05"))).toEqual({
    kind: "wait",
    until: at("2026-03-01T10:10"),
  });
  expect(decide(failed, HOURLY, LONG_AGO, at("2026-03-01T10:10"))).toEqual({
    kind: "run",
    tick,
    attempt: 2,
  });
  const late = { ...failed, retryAt: at("2026-03-01T11:30") };
  expect(decide(late, HOURLY, LONG_AGO, at("2026-03-01T10:05"))).toEqual({
    kind: "wait",
    until: at("2026-03-01T11:00"),
  });
  expect(decide(late, HOURLY, LONG_AGO, at("2026-03-01T11:00"))).toEqual({
    kind: "run",
    tick: at("2026-03-01T11:00"),
    attempt: 1,
  });
});

Deno.test("retryAt() doubles the wait up to an hour, and ends with the retries", () => {
  const now = at("2026-03-01T10:00");
  const waits = (random: number) =>
    Array.from({ length: 9 }, (_, index) => {
      const next = retryAt(schedule("0 * * * *", { retries: 8 }), index + 1, now, random);
      return next === null ? null : (next.getTime() - now.getTime()) / 1000;
    });
  expect(waits(0)).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, null]);
  expect(waits(0.8).slice(0, 2)).toEqual([72, 144]);
  expect(retryAt(HOURLY, 1, now, 0)).toBe(null);
});
