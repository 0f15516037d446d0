import { expect } from "expect";
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
