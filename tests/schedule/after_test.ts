import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { updateFiles } from "../../src/schedule/pipeline_files.ts";
import { runDue } from "../../src/schedule/run_due.ts";
import { readSchedule } from "../../src/schedule/schedules.ts";
import type { RunPipeline, ServedPipeline } from "../../src/schedule/scheduler_host.ts";
import { type Before, type Standing, standsBefore } from "../../src/schedule/stands_before.ts";
import type { ScheduleSpec } from "../../src/spec/pipeline_spec.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { served, succeeded, testScheduler } from "./scheduler_harness.ts";
import { steppedClock } from "./stepped_clock.ts";
import { at, schedule } from "./support.ts";

function waiting(
  name: string,
  after: readonly string[],
  times: ScheduleSpec | null,
): ServedPipeline {
  const each = served(name, times);
  return { ...each, spec: { ...each.spec, after } };
}

const DAILY = schedule("0 6 * * *", { retries: 0 });

/** Runs that are noted; one that fails, and one that waits until it is let go. */
function runs(failing: readonly string[] = []) {
  const ran: string[] = [];
  const run: RunPipeline = async (spec, _request, _signal, onStart) => {
    ran.push(`${spec.pipeline} starts`);
    const runId = crypto.randomUUID();
    onStart(runId);
    // Others that may start do so meanwhile.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    ran.push(`${spec.pipeline} ends`);
    if (failing.includes(spec.pipeline)) throw new SluiceError("check/failed", "Wrong");
    return succeeded(spec.pipeline, runId);
  };
  return { ran, run };
}

const CHAIN = [
  waiting("c", ["b"], DAILY),
  waiting("b", ["a"], DAILY),
  served("a", DAILY),
];

Deno.test("serve starts what waits when those before it are done, at the same time or with jitter", async () => {
  for (const jitterSeconds of [0, 60]) {
    await using database = await ledgerDatabase();
    await migrate(database.db);
    const { ran, run } = runs();
    const first = served("a", { ...DAILY, jitterSeconds });
    await using server = testScheduler(database.url, {
      clock: steppedClock(at("2026-03-07T05:59:50")),
      run,
    });
    server.scheduler.start();
    server.scheduler.serve([CHAIN[0], CHAIN[1], first]);
    await server.seen("attempt_ended", 3);
    expect(ran.slice(0, 6)).toEqual([
      "a starts",
      "a ends",
      "b starts",
      "b ends",
      "c starts",
      "c ends",
    ]);
  }
});

Deno.test("serve skips what stands after a failure, tells it, and runs it the next day", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const failing = ["a"];
  const { ran, run } = runs(failing);
  await using server = testScheduler(database.url, {
    clock: steppedClock(at("2026-03-07T05:59:50")),
    run: async (...args) => {
      const done = run(...args);
      await done.catch(() => failing.splice(0));
      return await done;
    },
  });
  server.scheduler.start();
  server.scheduler.serve(CHAIN);
  expect(await server.seen("tick_skipped")).toEqual({
    type: "tick_skipped",
    pipeline: "b",
    tick: at("2026-03-07T06:00"),
    after: "a",
  });
  expect(await server.seen("tick_skipped", 2)).toMatchObject({ pipeline: "c", after: "b" });
  await server.seen("attempt_ended", 4);
  expect(ran.slice(0, 8)).toEqual([
    "a starts",
    "a ends",
    "a starts",
    "a ends",
    "b starts",
    "b ends",
    "c starts",
    "c ends",
  ]);
});

Deno.test("a call once a minute keeps the order too, and records what it skips", async () => {
  await using database = await ledgerDatabase();
  const { ran, run } = runs(["a"]);
  const clock = steppedClock(at("2026-03-07T05:59:30"));
  const call = async (minute: string) =>
    await runDue(database.db, CHAIN, 60_000, new AbortController().signal, {
      clock,
      time: () => Promise.resolve(at(minute)),
      random: () => 0,
      run,
      tell: () => {},
      owner: "here/1",
    });
  await call("2026-03-07T05:59:30");
  await call("2026-03-07T06:00:10");
  expect(ran).toEqual(["a starts", "a ends"]);
  for (const [pipeline, before] of [["b", "a"], ["c", "b"]]) {
    const row = await readSchedule(database.db, pipeline);
    expect(row).toMatchObject({ state: "done", last: { status: "skipped", run_id: null } });
    expect(row?.last?.error?.message).toContain(`"${before}"`);
  }
});

Deno.test("the file that closes a cycle is left out, or keeps its last good version", () => {
  const file = (each: ServedPipeline) => ({ file: each.spec.file, served: each, fault: null });
  const before = updateFiles(new Map(), [file(served("a", DAILY)), file(CHAIN[1])]).files;
  const closing = waiting("a", ["b"], DAILY);
  const { files, events } = updateFiles(before, [file(closing), file(CHAIN[1])]);
  expect(files.get("a.yaml")?.served).toEqual(served("a", DAILY));
  expect(files.get("b.yaml")?.served).toEqual(CHAIN[1]);
  expect(events).toEqual([{
    type: "file_broken",
    file: "a.yaml",
    kept: true,
    text: 'Pipelines wait for each other: "b" after "a" after "b"',
  }]);
  const fresh = updateFiles(new Map(), [file(closing), file(CHAIN[1])]).files;
  expect([...fresh.values()].filter(({ served }) => served === null).length).toBe(1);
});

/** What the ledger has of the pipeline that another one waits for, and what becomes of that at 06:00. */
const STANDINGS: readonly (readonly [
  what: string,
  row: Partial<NonNullable<Before["row"]>> & { readonly status?: string } | null,
  standing: Standing["kind"],
  more?: { readonly isRunning?: boolean; readonly catchUp?: boolean },
])[] = [
  ["has not registered its schedule", null, "go"],
  ["runs by hand", { tick: at("2026-03-07T06:00"), state: "done" }, "wait", { isRunning: true }],
  ["is due", { tick: at("2026-03-06T06:00"), state: "done", status: "succeeded" }, "wait"],
  ["runs elsewhere", { tick: at("2026-03-07T06:00"), state: "running", attempt: 1 }, "wait"],
  ["is tried again later", {
    tick: at("2026-03-07T06:00"),
    state: "retrying",
    retryAt: at("2026-03-07T06:10"),
    status: "failed",
  }, "wait"],
  ["has succeeded", { tick: at("2026-03-07T06:00"), state: "done", status: "succeeded" }, "go"],
  ["is unchanged", { tick: at("2026-03-07T06:00"), state: "done", status: "unchanged" }, "go"],
  ["has failed", { tick: at("2026-03-07T06:00"), state: "done", status: "failed" }, "skip"],
  ["was refused", { tick: at("2026-03-07T06:00"), state: "done", status: "refused" }, "skip"],
  ["was skipped", { tick: at("2026-03-07T06:00"), state: "done", status: "skipped" }, "skip"],
  // Its server died, and nobody takes up what was missed.
  ["was given up", { tick: at("2026-03-06T06:00"), state: "running", attempt: 1 }, "go", {
    catchUp: false,
  }],
];

for (const [what, row, kind, { isRunning = false, catchUp = true } = {}] of STANDINGS) {
  Deno.test(`a pipeline has to ${kind} where the one before it ${what}`, () => {
    const now = at("2026-03-07T06:00:05");
    const known = {
      pipeline: "a",
      since: at("2026-01-01T00:00"),
      tick: null,
      attempt: 1,
      state: "waiting" as const,
      retryAt: null,
      last: { status: row?.status ?? null },
    };
    const other: Before = {
      ...served("a", { ...DAILY, catchUp }),
      serving: catchUp ? at("2026-01-01T00:00") : now,
      row: row === null ? null : { ...known, ...row },
      isRunning,
    };
    const standing = standsBefore([other], at("2026-03-06T06:00"), at("2026-03-07T06:00"), now);
    expect(standing).toEqual(kind === "skip" ? { kind, failed: "a" } : { kind });
  });
}
