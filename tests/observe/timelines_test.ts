import { expect } from "packages/expect.ts";
import { steadyNow, timelines } from "../../src/observe/timelines.ts";
import { partitionResult } from "../cli/support.ts";
import { stillClock } from "./support.ts";

const ERROR = { code: "db/lost", message: "gone", retry: "later" } as const;
const LOCKED = { code: "db/lock_timeout", message: "held", retry: "later" } as const;
const START = {
  type: "run_started",
  runId: "r",
  pipeline: "p",
  target: "s.t",
  partitions: 1,
} as const;

function scene() {
  const clock = stillClock();
  const zero = clock.now().getTime();
  const timelineOf = timelines(steadyNow(clock));
  const partition = "2021-01";
  return {
    clock,
    timelineOf,
    start: () =>
      timelineOf({
        type: "partition_started",
        runId: null,
        partition,
        source: "",
        bytesTotal: null,
      }),
    stage: (stage: "rows" | "load" | "publish") =>
      timelineOf({
        type: "stage_finished",
        runId: null,
        partition,
        stage,
        seconds: 0,
        message: "",
      }),
    retry: (stage: "load" | "publish" | "source", delaySeconds: number, error = LOCKED) =>
      timelineOf({
        type: "retry",
        partition,
        stage,
        attempt: 1,
        attempts: 3,
        delaySeconds,
        error,
      } as never),
    seconds: (at: number) => Math.round(at - zero) / 1000,
  };
}

Deno.test("timelines() turns the ends of stages into stretches that touch", () => {
  const { clock, timelineOf, start, stage, seconds } = scene();
  timelineOf(START);
  clock.move(1);
  start();
  clock.move(5);
  stage("rows");
  clock.move(2);
  stage("load");
  clock.move(1);
  stage("publish");
  clock.move(0.5);
  const result = partitionResult({ seconds: 9.5 });
  const timeline = timelineOf({ type: "partition_finished", runId: null, result })!;
  expect([seconds(timeline.started), seconds(timeline.ended)]).toEqual([0, 9.5]);
  expect(timeline.stages.map(({ stage, started, ended, error }) => [
    stage,
    seconds(started),
    seconds(ended),
    error,
  ])).toEqual([
    ["source", 0, 1, null],
    ["rows", 1, 6, null],
    ["load", 6, 8, null],
    ["publish", 8, 9, null],
  ]);
  expect(timeline.lockWait).toBe(0);
});

Deno.test("timelines() counts the wait for locks, from the first attempt to the last", () => {
  const { clock, timelineOf, start, stage, retry } = scene();
  timelineOf(START);
  start();
  stage("rows");
  stage("load");
  clock.move(0.5);
  retry("publish", 0.2);
  clock.move(0.2 + 0.5);
  retry("publish", 0.3);
  clock.move(0.3 + 0.1);
  stage("publish");
  const result = partitionResult({ seconds: 1.6 });
  const timeline = timelineOf({ type: "partition_finished", runId: null, result })!;
  expect(timeline.lockWait).toBeCloseTo(1.5, 6);
  expect(timeline.retries.map(({ stage }) => stage)).toEqual(["publish", "publish"]);
});

Deno.test("timelines() keeps the stages of an attempt that failed, and marks where it broke", () => {
  const { clock, timelineOf, start, stage, retry } = scene();
  timelineOf(START);
  start();
  clock.move(3);
  retry("load", 2, ERROR as never);
  clock.move(2);
  start();
  clock.move(4);
  stage("rows");
  clock.move(1);
  const error = { code: "publish/locked", message: "m", retry: "later" } as const;
  const result = partitionResult({ status: "failed", error, seconds: 10 });
  const { stages } = timelineOf({ type: "partition_finished", runId: null, result })!;
  expect(stages.map(({ stage, error }) => [stage, error?.code ?? null])).toEqual([
    ["source", null],
    ["rows", "db/lost"],
    ["source", null],
    ["rows", null],
    ["publish", "publish/locked"],
  ]);
});

Deno.test("timelines() gives what the setup waited to the partition that ends first", () => {
  const clock = stillClock();
  const timelineOf = timelines(steadyNow(clock));
  timelineOf(START);
  clock.move(0.5);
  timelineOf({
    type: "retry",
    runId: null,
    partition: null,
    stage: "publish",
    attempt: 1,
    attempts: 12,
    delaySeconds: 0.25,
    error: LOCKED,
  });
  const finish = () =>
    timelineOf({ type: "partition_finished", runId: null, result: partitionResult() })!;
  expect(finish().lockWait).toBeCloseTo(0.75, 6);
  expect(finish().lockWait).toBe(0);
});
