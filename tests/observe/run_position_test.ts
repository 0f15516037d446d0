import { expect } from "packages/expect.ts";
import { logEntries, matters } from "../../src/observe/log_entry.ts";
import { runPositions, stageOf } from "../../src/observe/run_position.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { EVENTS, partitionResult, RUN } from "../cli/support.ts";
import { randomFrom, testSeed } from "../source/support.ts";

Deno.test("runPositions() knows run, pipeline, partition and stage of each event", () => {
  const positionOf = runPositions();
  const positions = EVENTS.map((event) => ({ type: event.type, ...positionOf(event) }));
  for (const { run_id, pipeline } of positions) {
    expect([run_id, pipeline]).toEqual([RUN.run_id, "trips"]);
  }
  expect(positions.map(({ type, partition, stage }) => [type, partition, stage])).toEqual([
    ["run_started", null, null],
    ["partition_started", "2021-01", "source"],
    ["progress", "2021-01", "rows"],
    ["stage_finished", "2021-01", "rows"],
    ["retry", "2021-01", "publish"],
    ["warning", "2021-01", "load"],
    ["partition_finished", "2021-01", "load"],
    ["partition_finished", "2021-02", null],
    ["run_finished", null, null],
  ]);
});

Deno.test("runPositions() takes the stage from a warning that names it, and from errors", () => {
  const positionOf = runPositions();
  expect(
    positionOf({ type: "warning", runId: null, partition: null, stage: "publish", message: "w" })
      .stage,
  )
    .toBe("publish");
  const error = { code: "source/not_found", message: "m", retry: "never" } as const;
  const result = partitionResult({ status: "failed", error });
  expect(positionOf({ type: "partition_finished", runId: null, result }).stage).toBe("source");
  const failed = {
    type: "run_failed",
    pipeline: "p",
    target: "s.t",
    runId: null,
    status: "failed",
    seconds: 1,
    error: { ...error, code: "ledger/target_locked" },
  } as const;
  expect(positionOf(failed)).toEqual({
    run_id: null,
    pipeline: "p",
    partition: null,
    stage: "ledger",
  });
});

Deno.test("runPositions() keeps runs apart that go on beside each other", () => {
  const seed = testSeed("run_position_test");
  const random = randomFrom(seed);
  const positionOf = runPositions();
  const runs = ["a", "b", "c"].map((pipeline) => ({
    pipeline,
    runId: crypto.randomUUID(),
    left: EVENTS.map((event) => event),
    alone: runPositions(),
  }));
  while (runs.some(({ left }) => left.length > 0)) {
    const { pipeline, runId, left, alone } = runs[Math.floor(random() * runs.length)];
    const event = left.shift();
    if (event === undefined) continue;
    const own = {
      ...event,
      runId,
      ...(event.type === "run_started" ? { pipeline } : {}),
      ...(event.type === "run_finished" ? { result: { ...RUN, run_id: runId, pipeline } } : {}),
    } as RunEvent;
    const position = positionOf(own);
    expect(position).toEqual(alone(own));
    expect(position).toMatchObject({ run_id: runId, pipeline });
  }
});

Deno.test("runPositions() knows nothing of what is told beside any run", () => {
  const positionOf = runPositions();
  for (const event of EVENTS.slice(0, 2)) positionOf(event);
  expect(positionOf({ type: "warning", runId: null, partition: "2021-01", message: "w" }))
    .toEqual({ run_id: null, pipeline: null, partition: "2021-01", stage: null });
});

Deno.test("stageOf() is null for what is no stage", () => {
  expect([stageOf("rows/bad"), stageOf("db/lost"), stageOf("nothing")]).toEqual([
    "rows",
    null,
    null,
  ]);
});

Deno.test("logEntries() has an entry for all but progress, at the level it deserves", () => {
  const entryOf = logEntries();
  const entries = EVENTS.map((event) => entryOf(event));
  expect(entries.map((entry) => entry?.level ?? null)).toEqual([
    "info",
    "info",
    null,
    "info",
    "warning",
    "warning",
    "info",
    "error",
    "info",
  ]);
  expect(entries[4]).toMatchObject({
    event: "retry",
    partition: "2021-01",
    stage: "publish",
    attributes: { attempt: 1, attempts: 5, delay_seconds: 0.5 },
  });
  expect(entries[8]?.attributes).not.toHaveProperty("partitions");
});

Deno.test("matters() orders levels", () => {
  expect(matters("warning", "info")).toBe(true);
  expect(matters("info", "info")).toBe(true);
  expect(matters("debug", "info")).toBe(false);
});
