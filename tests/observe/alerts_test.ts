import { expect } from "packages/expect.ts";
import { alertsFor, median, type RunEnd } from "../../src/observe/notify/alerts.ts";
import type { PastRun } from "../../src/observe/run_history.ts";

const GOOD: RunEnd = { status: "succeeded", seconds: 10, error: null, warnings: [] };
const BROKEN = { code: "source/http_status", message: "The source answered 503", retry: "later" };
const NONE = { durationSeconds: null };

function past(...statuses: PastRun["status"][]): PastRun[] {
  return statuses.map((status) => ({ status, seconds: 10 }));
}

function names(end: RunEnd, history: readonly PastRun[], expectation = NONE): string[] {
  return alertsFor(end, history, expectation as never).map(({ alert }) => alert);
}

Deno.test("alertsFor() tells failure, refusal and success, with the reason", () => {
  const failed: RunEnd = { ...GOOD, status: "failed", error: BROKEN as never };
  expect(alertsFor(failed, [], NONE)).toEqual([
    { alert: "failure", reason: "The source answered 503" },
  ]);
  expect(names({ ...GOOD, status: "refused" }, [])).toEqual(["refusal"]);
  expect(names(GOOD, [])).toEqual(["success"]);
  expect(names({ ...GOOD, status: "unchanged" }, [])).toEqual([]);
});

Deno.test("alertsFor() says nothing of a run that somebody interrupted", () => {
  const end: RunEnd = { ...GOOD, status: "interrupted", seconds: 1e6, warnings: ["w"] };
  expect(names(end, past("failed"), { durationSeconds: 1 } as never)).toEqual([]);
});

Deno.test("alertsFor() tells recovery from the last run that came to its own end", () => {
  expect(names(GOOD, past("failed", "succeeded"))).toEqual(["recovery", "success"]);
  expect(names(GOOD, past("interrupted", "refused"))).toEqual(["recovery", "success"]);
  expect(names({ ...GOOD, status: "unchanged" }, past("failed"))).toEqual(["recovery"]);
  expect(names(GOOD, past("unchanged", "failed"))).toEqual(["success"]);
  expect(names({ ...GOOD, status: "failed" }, past("failed"))).toEqual(["failure"]);
});

Deno.test("alertsFor() takes a run for slow that outlasts what is expected", () => {
  const limit = { durationSeconds: 10 } as never;
  expect(names(GOOD, [], limit)).toEqual(["success"]);
  expect(alertsFor({ ...GOOD, seconds: 10.04 }, [], limit)[0]).toEqual({
    alert: "slow",
    reason: "10.04 s, where 10 s are expected",
  });
  expect(names({ ...GOOD, status: "failed", seconds: 11 }, [], limit)).toEqual(["failure", "slow"]);
});

Deno.test("alertsFor() compares with the median of runs that loaded something", () => {
  const five = past("succeeded", "succeeded", "succeeded", "succeeded", "succeeded");
  const slow = { ...GOOD, seconds: 21 };
  expect(names(slow, five)).toEqual(["slow", "success"]);
  expect(names({ ...GOOD, seconds: 20 }, five)).toEqual(["success"]);
  expect(names(slow, five.slice(1))).toEqual(["success"]);
  expect(names(slow, [...five.slice(1), ...past("unchanged", "failed")])).toEqual(["success"]);
  expect(names({ ...slow, status: "unchanged" }, five)).toEqual([]);
  const short = five.map((run) => ({ ...run, seconds: 0.1 }));
  expect(names({ ...GOOD, seconds: 5 }, short)).toEqual(["success"]);
});

Deno.test("alertsFor() tells warnings once, together", () => {
  expect(alertsFor({ ...GOOD, status: "unchanged", warnings: ["a", "b"] }, [], NONE)).toEqual([
    { alert: "warning", reason: "a; b" },
  ]);
});

Deno.test("median() of odd and even counts", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
});
