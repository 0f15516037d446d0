import { expect } from "packages/expect.ts";
import {
  makeMetrics,
  METRICS_TYPE,
  metricsObserver,
  renderMetrics,
  seedMetrics,
} from "../../src/observe/metrics.ts";
import { EVENTS, partitionResult, runResult } from "../cli/support.ts";
import { stillClock } from "./support.ts";

const LABELS = `{pipeline="trips",target="ny.trips"`;

async function samples(metrics: ReturnType<typeof makeMetrics>): Promise<Map<string, number>> {
  const text = await renderMetrics(metrics);
  return new Map(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

Deno.test("metricsObserver() counts a run by pipeline and target", async () => {
  const clock = stillClock();
  const metrics = makeMetrics("1.2.3");
  const observer = metricsObserver(metrics, clock);
  observer.observe(EVENTS[0]);
  expect((await samples(metrics)).get(`sluice_runs_in_progress${LABELS}}`)).toBe(1);
  for (const event of EVENTS.slice(1)) observer.observe(event);
  const found = await samples(metrics);
  expect(found.get(`sluice_build_info{version="1.2.3"}`)).toBe(1);
  expect(found.get(`sluice_runs_in_progress${LABELS}}`)).toBe(0);
  expect(found.get(`sluice_runs_total${LABELS},status="succeeded"}`)).toBe(1);
  expect(found.get(`sluice_rows_total${LABELS},outcome="loaded"}`)).toBe(9_960);
  expect(found.get(`sluice_rows_total${LABELS},outcome="rejected"}`)).toBe(81);
  expect(found.get(`sluice_rows_total${LABELS},outcome="discarded"}`)).toBe(59);
  expect(found.get(`sluice_bytes_read_total${LABELS}}`)).toBe(2 * 812_345);
  expect(found.get(`sluice_partitions_total${LABELS},status="refused"}`)).toBe(1);
  expect(found.get(`sluice_retries_total${LABELS},stage="publish"}`)).toBe(1);
  expect(found.get(`sluice_lock_wait_seconds_sum${LABELS}}`)).toBe(0.5);
  expect(found.get(`sluice_last_success_timestamp_seconds${LABELS}}`))
    .toBe(clock.now().getTime() / 1000);
  expect(found.get(`sluice_last_run_duration_seconds${LABELS}}`)).toBe(0.41);
});

Deno.test("metricsObserver() adds the seconds of each phase", async () => {
  const metrics = makeMetrics("1");
  const observer = metricsObserver(metrics, stillClock());
  observer.observe(EVENTS[0]);
  for (const copy of [1.5, 2]) {
    const result = partitionResult({ phases: { copy } });
    observer.observe({ type: "partition_finished", runId: null, result });
  }
  expect((await samples(metrics)).get(`sluice_phase_seconds_total${LABELS},phase="copy"}`))
    .toBe(3.5);
});

Deno.test("metricsObserver() keeps the last success of a pipeline that fails now", async () => {
  const clock = stillClock();
  const metrics = makeMetrics("1");
  const observer = metricsObserver(metrics, clock);
  const finish = (status: "unchanged" | "refused") => {
    observer.observe(EVENTS[0]);
    observer.observe({ type: "run_finished", runId: null, result: runResult([], { status }) });
  };
  finish("unchanged");
  const good = clock.now().getTime() / 1000;
  clock.move(60);
  finish("refused");
  observer.observe(EVENTS[0]);
  observer.observe({
    type: "run_failed",
    pipeline: "trips",
    target: "ny.trips",
    runId: null,
    status: "failed",
    seconds: 3,
    error: { code: "db/away", message: "away", retry: "later" },
  });
  const found = await samples(metrics);
  expect(found.get(`sluice_last_success_timestamp_seconds${LABELS}}`)).toBe(good);
  expect(found.get(`sluice_last_run_timestamp_seconds${LABELS}}`)).toBe(good + 60);
  expect(found.get(`sluice_runs_total${LABELS},status="failed"}`)).toBe(1);
  expect(found.get(`sluice_runs_in_progress${LABELS}}`)).toBe(0);
});

Deno.test("a run without an end is not in progress for ever", async () => {
  const metrics = makeMetrics("1");
  const observer = metricsObserver(metrics, stillClock());
  observer.observe(EVENTS[0]);
  await observer.close();
  await observer.close();
  expect((await samples(metrics)).get(`sluice_runs_in_progress${LABELS}}`)).toBe(0);
});

Deno.test("seedMetrics() begins with what the ledger remembers", async () => {
  const metrics = makeMetrics("1");
  const past = { lastRun: 200, seconds: 4, rowsLoaded: 10, rowsRejected: 1 };
  seedMetrics(metrics, [
    { pipeline: "trips", target: "ny.trips", lastSuccess: 100, ...past },
    { pipeline: "zones", target: "ny.zones", lastSuccess: null, ...past },
  ]);
  const found = await samples(metrics);
  expect(found.get(`sluice_last_success_timestamp_seconds${LABELS}}`)).toBe(100);
  expect(found.get(`sluice_last_run_rows${LABELS},outcome="loaded"}`)).toBe(10);
  expect([...found.keys()].filter((key) => /last_success.*zones/.test(key))).toEqual([]);
});

Deno.test("renderMetrics() escapes labels and names the format", async () => {
  const metrics = makeMetrics('1"\n\\');
  expect(await renderMetrics(metrics)).toContain(String.raw`version="1\"\n\\"`);
  expect(METRICS_TYPE).toMatch(/^text\/plain; version=0\.0\.4/);
});
