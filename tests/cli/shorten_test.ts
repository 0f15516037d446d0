import { expect } from "packages/expect.ts";
import { leftText, shorten } from "../../src/cli/views/shorten.ts";
import { plainScreen } from "../../src/cli/views/screen.ts";
import { eventLines } from "../../src/cli/views/line_progress.ts";
import { historyText } from "../../src/cli/views/history_text.ts";
import { planText } from "../../src/cli/views/plan_text.ts";
import { runText } from "../../src/cli/views/run_text.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { PartitionResult, RunResult } from "../../src/core/result.ts";
import type { LoadPlan } from "../../src/plan/load_plan.ts";
import { planFixture } from "./plan_fixture.ts";

const PLAN = planFixture();
const SCREEN = plainScreen();
const ALL = { ...SCREEN, verbose: true };

const lines = (text: string) => text.split("\n").length - 1;

function planOf(count: number): LoadPlan {
  const [model] = PLAN.partitions;
  return {
    ...PLAN,
    partitions: Array.from({ length: count }, (_, at) => ({
      ...model,
      partition: `p${at}`,
      ...(at === count - 1
        ? { action: "load" as const, skipStatus: null }
        : { action: "skip" as const, skipStatus: "unchanged" as const }),
    })),
    notes: Array.from({ length: count }, (_, at) => `note ${at}`),
  };
}

function resultOf(count: number): RunResult {
  const counts = {
    rows_read: 0,
    rows_loaded: 0,
    rows_rejected: 0,
    rows_duplicate: 0,
    rows_discarded: 0,
  };
  const partitions = Array.from({ length: count }, (_, at): PartitionResult => ({
    partition: `p${at}`,
    status: at === count - 1 ? "failed" : "unchanged",
    reason: null,
    version: null,
    ...counts,
    bytes_read: 0,
    seconds: 0,
    source: "",
    sha256: null,
    phases: {},
    error: null,
  }));
  return {
    run_id: "6f1c1f0e-7b1e-4c0e-9d0a-000000000001",
    pipeline: "p",
    status: "failed",
    ...counts,
    bytes_read: 0,
    seconds: 1,
    rows_per_second: 0,
    partitions,
    checks: [],
    error: null,
  };
}

/** The lines of a run of so many partitions, on standard error. */
function progressOf(result: RunResult, screen = SCREEN): string {
  const lineOf = eventLines(screen);
  const events = [
    ...result.partitions.map((each) => ({ type: "partition_finished", runId: "1", result: each })),
    { type: "run_finished", runId: "1", result },
  ] as RunEvent[];
  return events.map((event) => lineOf(event) ?? "").join("");
}

const VIEWS: Record<string, (count: number, screen?: typeof SCREEN) => string> = {
  plan: (count, screen = SCREEN) => planText(planOf(count), screen),
  run: (count, screen = SCREEN) => runText(resultOf(count), "p.yaml", screen),
  progress: (count, screen = SCREEN) => progressOf(resultOf(count), screen),
  history: (count, screen = SCREEN) =>
    historyText("p", {
      versions: [],
      older: count,
      runs: Array.from({ length: count }, (_, at) => ({
        run_id: `${at}`.padStart(8, "0"),
        status: "succeeded",
        started_at: "2026-01-01T00:00:00.000Z",
        seconds: 1,
        rows_read: 0,
        rows_loaded: 0,
        rows_rejected: 0,
        error: null,
      })),
    }, screen),
};

for (const [name, show] of Object.entries(VIEWS)) {
  Deno.test(`${name}: twice as many partitions take no more lines, and -v shows all`, () => {
    expect(lines(show(4000))).toBe(lines(show(2000)));
    expect(lines(show(2000))).toBeLessThan(60);
    expect(show(2000)).toMatch(/-v (shows all|names each)/);
    expect(lines(show(2000, ALL))).toBeGreaterThanOrEqual(2000);
    // Those of three years are whole.
    expect(show(36)).not.toMatch(/and .* more/);
  });
}

Deno.test("what is to be done and what went wrong is shown, wherever it stands in the list", () => {
  expect(VIEWS.plan(2000)).toContain("p1999");
  expect(VIEWS.plan(2000)).toContain("and 1,980 more (1,980 unchanged): -v shows all\n");
  expect(VIEWS.run(2000)).toContain("p1999");
  expect(VIEWS.progress(2000)).toContain("p1999");
  expect(VIEWS.progress(2000)).toContain("1,999 unchanged in all; -v names each\n");
});

Deno.test("a part keeps the order of the whole, and counts what it lacks", () => {
  const items = Array.from({ length: 100 }, (_, at) => at);
  const part = shorten(items, SCREEN, (item) => item >= 95 ? 0 : 1);
  expect(part.shown).toEqual([...items.slice(0, 15), ...items.slice(95)]);
  expect(leftText(part, SCREEN, (item) => item < 50 ? "low" : "high"))
    .toBe("and 80 more (35 low, 45 high): -v shows all\n");
  expect(shorten(items.slice(0, 40), SCREEN).left).toEqual([]);
  expect(shorten(items, ALL).left).toEqual([]);
});
