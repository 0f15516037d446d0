import { migrate } from "../../src/ledger/mod.ts";
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { RunResult } from "../../src/core/result.ts";
import { systemClock } from "../../src/core/clock.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { readSchedule } from "../../src/schedule/schedules.ts";
import { partitionResult, runResult } from "../cli/support.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { breakingProxy } from "../support/breaking_proxy.ts";
import { linkTo, served, succeeded, testScheduler } from "./scheduler_harness.ts";
import { steppedClock } from "./stepped_clock.ts";
import { at, schedule } from "./support.ts";

const NOON = at("2026-03-07T12:00");

const clockFrom = steppedClock;

Deno.test("Scheduler runs a new schedule first when its tick comes, and tells it", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(new Date(NOON.getTime() + 10_000));
  await using server = testScheduler(database.url, { clock });
  server.scheduler.start();
  server.scheduler.serve([served("trips", schedule("*/30 * * * *")), served("by_hand", null)]);
  const started = await server.seen("attempt_started");
  expect(started).toEqual({
    type: "attempt_started",
    pipeline: "trips",
    tick: at("2026-03-07T12:30"),
    attempt: 1,
  });
  const ended = await server.seen("attempt_ended");
  expect(ended.result?.status).toBe("succeeded");
  await server.seen("attempt_started", 2);
  const record = () => server.scheduler.pipelines()[1].record;
  // Of the attempt under way, until the ledger is read again.
  while (record()?.last?.status == null) await server.passed();
  expect(record()?.last).toMatchObject({ status: "succeeded", owner: "here/1", attempt: 1 });
  expect(record()?.last?.run_id).not.toBe(null);
  expect(server.scheduler.reachable).toBe(true);
});

Deno.test("Scheduler catches up once after it was away for days", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const daily = served("trips", schedule("0 6 * * *", { timezone: "America/New_York" }));
  {
    await using server = testScheduler(database.url, { clock: clockFrom(at("2026-03-07T10:58")) });
    server.scheduler.start();
    server.scheduler.serve([daily]);
    expect((await server.seen("attempt_started")).tick).toEqual(at("2026-03-07T11:00"));
    await server.seen("attempt_ended");
  }
  await using server = testScheduler(database.url, { clock: clockFrom(at("2026-03-12T15:00")) });
  server.scheduler.start();
  server.scheduler.serve([daily]);
  // Daylight saving time has begun meanwhile.
  expect((await server.seen("attempt_started")).tick).toEqual(at("2026-03-12T10:00"));
  await server.seen("attempt_ended");
  await server.passed();
  expect(server.events.filter(({ type }) => type === "attempt_started").length).toBe(1);
});

Deno.test("Scheduler tries again what time may mend, and only that", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(at("2026-03-07T12:59:30"));
  const later = new SluiceError("db/unreachable", "Away", { retry: "later" });
  const never = new SluiceError("plan/target_differs", "No such column");
  const failures: Record<string, Error[]> = { away: [later, later], wrong: [never] };
  await using server = testScheduler(database.url, {
    clock,
    run({ pipeline }, _request, _signal, onStart) {
      const failure = failures[pipeline].shift();
      if (failure !== undefined) return Promise.reject(failure);
      onStart(crypto.randomUUID());
      return Promise.resolve(succeeded(pipeline, crypto.randomUUID()));
    },
  });
  server.scheduler.start();
  const hourly = schedule("0 * * * *", { retries: 2, retryDelaySeconds: 60 });
  server.scheduler.serve([served("away", hourly), served("wrong", hourly)]);
  await server.seen("attempt_ended", 4);
  const ends = server.events.flatMap((event) => event.type === "attempt_ended" ? event : []);
  const away = ends.filter(({ pipeline }) => pipeline === "away");
  expect(away.map(({ attempt, error, retryAt }) => [attempt, error?.code, retryAt !== null]))
    .toEqual([[1, "db/unreachable", true], [2, "db/unreachable", true], [3, undefined, false]]);
  expect(new Set(away.map(({ tick }) => tick?.getTime())).size).toBe(1);
  const wrong = ends.filter(({ pipeline }) => pipeline === "wrong");
  expect(wrong.map(({ error, retryAt }) => [error?.code, retryAt])).toEqual([
    ["plan/target_differs", null],
  ]);
  await server.scheduler.stop(20);
  expect(await readSchedule(database.db, "wrong")).toMatchObject({
    state: "done",
    last: { status: "failed", error: { code: "plan/target_differs" } },
  });
  expect(await readSchedule(database.db, "away")).toMatchObject({ state: "done", attempt: 3 });
});

Deno.test("Scheduler tries again a run whose partitions all failed for the time being", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const away = { code: "source/http_status", message: "503", retry: "later" } as const;
  const results: Record<string, RunResult> = {
    source: runResult([partitionResult({ status: "failed", error: away })], {
      status: "failed",
      error: away,
    }),
    data: runResult([partitionResult({ status: "refused" })], { status: "refused" }),
    mixed: runResult([
      partitionResult({ status: "failed", error: away }),
      partitionResult({ status: "failed", error: { ...away, retry: "never" } }),
    ], { status: "failed", error: away }),
  };
  await using server = testScheduler(database.url, {
    clock: clockFrom(at("2026-03-07T12:59:50")),
    run: ({ pipeline }) => Promise.resolve(results[pipeline]),
  });
  server.scheduler.start();
  const hourly = schedule("0 * * * *", { retries: 1, retryDelaySeconds: 600 });
  server.scheduler.serve(Object.keys(results).map((name) => served(name, hourly)));
  await server.seen("attempt_ended", 3);
  const again = server.events.flatMap((event) =>
    event.type === "attempt_ended" && event.retryAt !== null ? event.pipeline : []
  );
  expect(again).toEqual(["source"]);
});

Deno.test("Scheduler.trigger() starts a run, refuses a second one, and knows its pipelines", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const finish = Promise.withResolvers<void>();
  await using server = testScheduler(database.url, {
    clock: systemClock,
    concurrency: 1,
    async run({ pipeline }, request, _signal, onStart) {
      expect(request).toEqual({ partitions: ["2021-02"], force: true });
      const runId = crypto.randomUUID();
      onStart(runId);
      await finish.promise;
      return succeeded(pipeline, runId);
    },
  });
  const { scheduler } = server;
  scheduler.start();
  scheduler.serve([served("trips", null), served("zones", null)]);
  const request = { partitions: ["2021-02"], force: true };
  const first = await scheduler.trigger("trips", request);
  expect(first.kind).toBe("started");
  expect(await scheduler.trigger("trips", request)).toEqual({ kind: "running" });
  expect(await scheduler.trigger("zones", request)).toEqual({ kind: "busy" });
  expect(await scheduler.trigger("nobody", request)).toEqual({ kind: "no_such_pipeline" });
  // Another server of the same database keeps off too.
  await using other = testScheduler(database.url, { clock: systemClock });
  other.scheduler.start();
  other.scheduler.serve([served("trips", null)]);
  expect(await other.scheduler.trigger("trips", request)).toEqual({ kind: "running" });
  finish.resolve();
  await server.seen("attempt_ended");
  await scheduler.stop(0);
  expect(await scheduler.trigger("trips", request)).toEqual({ kind: "stopping" });
});

Deno.test("Scheduler.trigger() tells what kept a run from starting", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const error = new SluiceError("ledger/target_locked", "Another run", { retry: "later" });
  await using server = testScheduler(database.url, {
    clock: systemClock,
    run: () => Promise.reject(error),
  });
  server.scheduler.start();
  server.scheduler.serve([served("trips", null)]);
  expect(await server.scheduler.trigger("trips", { partitions: [], force: false })).toEqual({
    kind: "ended",
    outcome: { result: null, error: error.toJSON(), interrupted: false },
  });
});

Deno.test("Scheduler.stop() lets runs finish within the time, and stops the others", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const quick = Promise.withResolvers<void>();
  const deaf = Promise.withResolvers<void>();
  await using server = testScheduler(database.url, {
    clock: systemClock,
    async run({ pipeline }, _request, signal, onStart) {
      onStart(crypto.randomUUID());
      if (pipeline === "quick") await quick.promise;
      else if (pipeline === "slow") await systemClock.sleep(600_000, signal);
      else await deaf.promise;
      return succeeded(pipeline, crypto.randomUUID());
    },
  });
  const { scheduler } = server;
  scheduler.start();
  scheduler.serve(["quick", "slow", "deaf"].map((name) => served(name, null)));
  for (const name of ["quick", "slow", "deaf"]) {
    await scheduler.trigger(name, { partitions: [], force: false });
  }
  const stopping = scheduler.stop(8);
  quick.resolve();
  expect(await stopping).toEqual({ finished: 1, interrupted: 1, abandoned: 1 });
  deaf.resolve();
  // Let it end before its database is dropped.
  await server.seen("attempt_ended", 3);
});

Deno.test("a run that was stopped with its server is taken up by the next one", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const hourly = served("trips", schedule("0 * * * *"));
  const clock = clockFrom(at("2026-03-07T12:59:50"));
  {
    await using server = testScheduler(database.url, {
      clock,
      run: async ({ pipeline }, _request, signal) => {
        await systemClock.sleep(3_600_000, signal);
        return succeeded(pipeline, crypto.randomUUID());
      },
    });
    server.scheduler.start();
    server.scheduler.serve([hourly]);
    await server.seen("attempt_started");
    expect(await server.scheduler.stop(20)).toEqual({ finished: 0, interrupted: 1, abandoned: 0 });
  }
  expect(await readSchedule(database.db, "trips")).toMatchObject({
    state: "retrying",
    attempt: 0,
    last: { status: "interrupted" },
  });
  await using next = testScheduler(database.url, { clock, owner: "there/2" });
  next.scheduler.start();
  next.scheduler.serve([hourly]);
  expect(await next.seen("attempt_started")).toMatchObject({
    tick: at("2026-03-07T13:00"),
    attempt: 1,
  });
  await next.seen("attempt_ended");
});

Deno.test("Scheduler stays up while the database does not answer, and runs what it missed", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  await using proxy = breakingProxy(database.url);
  proxy.cut();
  const clock = clockFrom(NOON);
  await using server = testScheduler(proxy.url, { clock, link: linkTo(proxy.url) });
  const { scheduler } = server;
  scheduler.start();
  scheduler.serve([served("trips", schedule("*/5 * * * *"))]);
  const away = await server.seen("database_away");
  expect(away.error.retry).toBe("later");
  expect(scheduler.reachable).toBe(false);
  proxy.mend();
  await server.seen("database_back");
  await server.seen("attempt_ended");
  proxy.cut();
  await server.seen("database_away", 2);
  expect(scheduler.reachable).toBe(false);
  // At least two ticks long.
  await clock.sleep(600_000);
  proxy.mend();
  await server.seen("database_back", 2);
  const before = server.events.filter(({ type }) => type === "attempt_started").length;
  await server.seen("attempt_started", before + 1);
});

Deno.test("Scheduler makes a ledger that was dropped under it again", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(at("2026-03-07T12:00:10"));
  await using server = testScheduler(database.url, { clock });
  server.scheduler.start();
  server.scheduler.serve([served("trips", schedule("* * * * *"))]);
  await server.seen("attempt_ended");
  await database.db.query(`delete from sluice.schedules`);
  await server.seen("attempt_ended", 3);
  expect((await readSchedule(database.db, "trips"))?.tick).not.toBe(null);
});

Deno.test("Scheduler gives up what keeps killing its servers, until the next tick", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(at("2026-03-07T12:50"));
  await database.db.query(
    `insert into sluice.schedules (pipeline, cron, timezone, since, tick, attempt, state)
values ('trips', '0 * * * *', 'UTC', $1, $1, 4, 'running')`,
    [NOON],
  );
  await using server = testScheduler(database.url, { clock });
  server.scheduler.start();
  server.scheduler.serve([served("trips", schedule("0 * * * *"))]);
  expect((await server.seen("tick_given_up")).tick).toEqual(NOON);
  expect(await readSchedule(database.db, "trips")).toMatchObject({
    state: "done",
    last: { status: "failed", error: { code: "ledger/died" } },
  });
  expect((await server.seen("attempt_started")).tick).toEqual(at("2026-03-07T13:00"));
});

Deno.test("Scheduler begins a changed schedule anew, and asks nothing of before", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(at("2026-03-07T12:50"));
  await using server = testScheduler(database.url, { clock });
  server.scheduler.start();
  server.scheduler.serve([served("trips", schedule("0 6 * * *"))]);
  await server.seen("database_back");
  // At eleven it would have been due.
  server.scheduler.serve([served("trips", schedule("0 11,13 * * *"))]);
  expect((await server.seen("attempt_started")).tick).toEqual(at("2026-03-07T13:00"));
});

Deno.test("Scheduler loads a real pipeline on schedule", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  using files = workspace({ "trips.csv": "id,name\n1,one\n2,two\n" });
  const spec = specOf(
    `pipeline: trips
source: { url: trips.csv, format: csv }
target: { table: ny.trips }
columns: { id: integer, name: text }
`,
    files.folder,
  );
  await using server = testScheduler(database.url, {
    clock: clockFrom(at("2026-03-07T12:00:30")),
    async run(spec, _request, signal, onStart) {
      const { context } = testContext(database.db, signal);
      const emit: typeof context.emit = (event) => {
        if (event.type === "run_started") onStart(event.runId);
      };
      return await runPipeline(spec, ALL, { ...context, emit });
    },
  });
  server.scheduler.start();
  server.scheduler.serve([{ spec, schedule: schedule("* * * * *") }]);
  await server.seen("attempt_ended", 2);
  const results = server.events.flatMap((event) =>
    event.type === "attempt_ended" ? event.result?.status : []
  );
  expect(results.slice(0, 2)).toEqual(["succeeded", "unchanged"]);
  expect((await database.db.query(`select * from ny.trips`)).length).toBe(2);
});

Deno.test("Scheduler goes on after the database's clock was set back, and tells it", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  // Taken when the clock was a year ahead, by a server that died, and by one that did not.
  for (const [pipeline, state] of [["dead", "running"], ["done", "done"]]) {
    await database.db.query(
      `insert into sluice.schedules (pipeline, cron, timezone, since, tick, attempt, state)
values ($1, '0 * * * *', 'UTC', $2::timestamptz + interval '7 microseconds', $2, 1, $3)`,
      [pipeline, at("2027-03-07T12:00"), state],
    );
  }
  const clock = clockFrom(at("2026-03-07T12:50"));
  await using server = testScheduler(database.url, { clock });
  server.scheduler.start();
  const hourly = schedule("0 * * * *");
  server.scheduler.serve([served("dead", hourly), served("done", hourly)]);
  await server.seen("clock_set_back", 2);
  await server.seen("attempt_started", 2);
  const started = server.events.flatMap((event) =>
    event.type === "attempt_started" ? [event.tick] : []
  );
  expect(started.slice(0, 2)).toEqual([at("2026-03-07T13:00"), at("2026-03-07T13:00")]);
});

Deno.test("Scheduler keeps the database's time, whatever its own clock says and is set to", async () => {
  await using database = await ledgerDatabase();
  await migrate(database.db);
  const clock = clockFrom(at("2026-03-07T12:59:30"));
  let years = 1;
  const off = () => new Date(clock.now().getTime() + years * 365 * 86_400_000);
  await using wrong = testScheduler(database.url, {
    clock: { ...clock, now: off },
    time: () => Promise.resolve(clock.now()),
    owner: "wrong/1",
  });
  await using right = testScheduler(database.url, { clock, owner: "right/1" });
  const twice = schedule("* * * * *", { catchUp: false });
  for (const { scheduler } of [wrong, right]) {
    scheduler.start();
    scheduler.serve([served("trips", twice)]);
  }
  await Promise.race([wrong, right].map((server) => server.seen("attempt_ended")));
  years = -1;
  // Both go on, and only ticks that have come are taken.
  await Promise.race([wrong, right].map((server) => server.seen("attempt_ended", 4)));
  const ticks = [wrong, right].flatMap(({ events }) =>
    events.flatMap((event) => event.type === "attempt_started" ? [event.tick!.getTime()] : [])
  );
  expect(new Set(ticks).size).toBe(ticks.length);
  for (const tick of ticks) {
    expect(tick).toBeGreaterThan(at("2026-03-07T12:59").getTime());
    expect(tick).toBeLessThanOrEqual(clock.now().getTime());
  }
  for (const { events } of [wrong, right]) {
    expect(events.filter(({ type }) => type === "clock_set_back")).toEqual([]);
  }
});
