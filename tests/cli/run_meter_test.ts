import { expect } from "packages/expect.ts";
import { openRunMeter, partitionLine, runLine } from "../../src/cli/views/run_meter.ts";
import { EVENTS, fixedClock, partitionResult } from "./support.ts";

Deno.test("openRunMeter adds up finished and running partitions", () => {
  const clock = fixedClock();
  const meter = openRunMeter(clock.monotonic);
  for (const event of EVENTS.slice(0, 3)) meter.event(event);
  clock.move(2);
  expect(meter.run()).toEqual({
    pipeline: "trips",
    partitions: 2,
    finished: 0,
    rowsRead: 5000,
    share: 406_172 / 812_345 / 2,
    seconds: 2,
    rowsPerSecond: 2500,
    secondsLeft: expect.closeTo(6, 3),
    stage: null,
  });
  expect(runLine(meter.run(), 100)).toBe(
    "trips  " + "█".repeat(7) + "░".repeat(23) +
      "  24%  0/2 partitions  5,000 rows  2,500/s  ETA 6.00 s",
  );
  expect(partitionLine(meter.partition("2021-01"), 100)).toBe(
    "2021-01  " + "█".repeat(15) + "░".repeat(15) + "  49%  5,000 rows  406 kB of 812 kB",
  );
});

Deno.test("openRunMeter counts a finished partition's rows once", () => {
  const meter = openRunMeter(() => 0);
  for (const event of EVENTS.slice(0, 7)) meter.event(event);
  expect(meter.run()).toMatchObject({ finished: 1, rowsRead: 10_000, share: 0.5 });
});

Deno.test("openRunMeter starts a partition anew when its load is tried again", () => {
  const meter = openRunMeter(() => 0);
  for (const event of [...EVENTS.slice(0, 4), EVENTS[1]]) meter.event(event);
  expect(meter.partition("2021-01")).toMatchObject({ rowsRead: 0, bytesRead: 0, stage: null });
});

Deno.test("runLine names the stage once the only partition is read", () => {
  const meter = openRunMeter(() => 0);
  for (const event of EVENTS.slice(0, 4)) meter.event(event);
  expect(meter.run().stage).toBe("indexing");
  expect(runLine(meter.run(), 100)).toMatch(/indexing$/);
});

Deno.test("runLine has no bar where no size is known, and gives way in narrow terminals", () => {
  const meter = openRunMeter(() => 1000);
  meter.event({ type: "run_started", runId: "r", pipeline: "p", target: "t", partitions: 1 });
  meter.event({
    type: "partition_started",
    runId: null,
    partition: null,
    source: "s",
    bytesTotal: null,
  });
  expect(runLine(meter.run(), 100)).toBe("p  0 rows  -  0.00 s");
  meter.event({
    type: "partition_finished",
    runId: null,
    result: partitionResult({ partition: null }),
  });
  expect(runLine({ ...meter.run(), share: 0.5 }, 30)).not.toContain("█");
});

Deno.test("runLine never exceeds the terminal while it shows a bar", () => {
  const meter = openRunMeter(() => 5000);
  for (const event of EVENTS.slice(0, 3)) meter.event(event);
  for (let width = 70; width < 160; width++) {
    expect(runLine(meter.run(), width).length).toBeLessThanOrEqual(width);
  }
});

Deno.test("the rate is that of lately, and time left follows it", () => {
  const clock = fixedClock();
  const meter = openRunMeter(clock.monotonic);
  const runId = "r";
  meter.event({ type: "run_started", runId, pipeline: "p", target: "t", partitions: 1 });
  meter.event({
    type: "partition_started",
    runId,
    partition: null,
    source: "s",
    bytesTotal: 1_000_000,
  });
  let done = 0;
  const go = (seconds: number, perSecond: number) => {
    for (let step = 0; step < seconds * 10; step++) {
      clock.move(0.1);
      done += perSecond / 10;
      meter.event({
        type: "progress",
        runId,
        partition: null,
        rowsRead: Math.round(done),
        rowsRejected: 0,
        bytesRead: Math.round(done * 10),
        bytesTotal: 1_000_000,
      });
    }
  };
  expect(meter.run()).toMatchObject({ rowsPerSecond: null, secondsLeft: null });
  go(30, 1_000);
  expect(meter.run().rowsPerSecond).toBeCloseTo(1_000, -1);
  expect(meter.run().secondsLeft).toBeCloseTo(70, 0);
  // Ten times as fast: the mean of the whole run would say 2,440.
  go(12, 5_000);
  expect(meter.run().rowsPerSecond! / 5_000).toBeCloseTo(1, 1);
  expect(meter.run().secondsLeft).toBeCloseTo(2, 0);
  // It stands still, while it waits for its next attempt: nobody knows how long.
  clock.move(30);
  expect(meter.run()).toMatchObject({ rowsPerSecond: 0, secondsLeft: null });
  expect(runLine(meter.run(), 100)).toMatch(/ 0\/s {2}ETA -$/);
});

Deno.test("partitions that are unchanged are no part of the work, and large ones count as such", () => {
  const clock = fixedClock();
  const meter = openRunMeter(clock.monotonic);
  const runId = "r";
  meter.event({ type: "run_started", runId, pipeline: "p", target: "t", partitions: 6 });
  const idle = { status: "unchanged" as const, rows_read: 0, bytes_read: 0 };
  const start = (partition: string, bytesTotal: number) =>
    meter.event({ type: "partition_started", runId, partition, source: "s", bytesTotal });
  const read = (partition: string, bytesRead: number, bytesTotal: number) =>
    meter.event({
      type: "progress",
      runId,
      partition,
      rowsRead: bytesRead / 10,
      rowsRejected: 0,
      bytesRead,
      bytesTotal,
    });
  for (const partition of ["1", "2", "3", "4"]) {
    meter.event({
      type: "partition_finished",
      runId,
      result: partitionResult({ ...idle, partition }),
    });
  }
  expect(meter.run()).toMatchObject({ finished: 4, share: null });
  start("5", 9_000);
  start("6", 1_000);
  expect(meter.run().share).toBe(0);
  clock.move(1);
  read("6", 1_000, 1_000);
  expect(meter.run().share).toBe(0.1);
  clock.move(1);
  meter.event({
    type: "partition_finished",
    runId,
    result: partitionResult({ partition: "6", rows_read: 100, bytes_read: 1_000 }),
  });
  expect(meter.run()).toMatchObject({ finished: 5, share: 0.1, rowsRead: 100 });
  read("5", 4_000, 9_000);
  expect(meter.run()).toMatchObject({ share: 0.5, secondsLeft: 2 });
});

Deno.test("of partitions that have not started the sizes are taken to be like the others'", () => {
  const clock = fixedClock();
  const meter = openRunMeter(clock.monotonic);
  const runId = "r";
  meter.event({ type: "run_started", runId, pipeline: "p", target: "t", partitions: 4 });
  meter.event({
    type: "partition_started",
    runId,
    partition: "1",
    source: "s",
    bytesTotal: 1_000,
  });
  clock.move(1);
  meter.event({
    type: "partition_finished",
    runId,
    result: partitionResult({ partition: "1", bytes_read: 1_000 }),
  });
  expect(meter.run()).toMatchObject({ share: 0.25, secondsLeft: 3 });
});
