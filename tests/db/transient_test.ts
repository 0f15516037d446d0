import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { withRetry } from "../../src/db/with_retry.ts";
import { exitCodeOfError } from "../../src/cli/exit_code.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { turnAway } from "./turn_away.ts";
import { timeLimit } from "../support/time_limit.ts";

const WAIT = { clock: systemClock, random: () => 0.1 };

/** Tries again as a run does, noting down why. */
async function retried<T>(work: () => Promise<T>): Promise<{ result: T; codes: string[] }> {
  const codes: string[] = [];
  const result = await withRetry(work, {
    ...WAIT,
    onRetry: (_attempt, _attempts, _delay, { code }) => codes.push(code),
  });
  return { result, codes };
}

Deno.test("withRetry cures a serialization failure (40001)", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int); insert into public.t values (0)");
  let first = true;
  const { codes } = await retried(() =>
    test.db.transaction(async (tx) => {
      await tx.query("set transaction isolation level repeatable read");
      await tx.query("select a from public.t");
      if (first) await test.db.query("update public.t set a = a + 1");
      first = false;
      await tx.query("update public.t set a = a + 1");
    })
  );
  expect(codes).toEqual(["db/serialization_failure"]);
  expect(await test.db.query("select a from public.t")).toEqual([{ a: 2 }]);
});

Deno.test("withRetry cures a deadlock (40P01)", async () => {
  await using test = await testDatabase();
  await test.db.query("create table a (x int); create table b (x int)");
  const held = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
  const both = (one: "a" | "b", other: "a" | "b") =>
    retried(() =>
      test.db.transaction(async (tx) => {
        await tx.query(`lock table ${one} in exclusive mode`);
        held[one].resolve();
        await held[other].promise;
        await tx.query(`lock table ${other} in exclusive mode`);
        await tx.query(`insert into ${one} values (1)`);
      })
    );
  const [ab, ba] = await Promise.all([both("a", "b"), both("b", "a")]);
  expect([...ab.codes, ...ba.codes]).toContain("db/deadlock");
  expect(await test.db.query("select (select count(*) from a) + (select count(*) from b) as n"))
    .toEqual([{ n: 2 }]);
});

Deno.test("withRetry cures an administrator's shutdown of the session (57P01)", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  let first = true;
  const { codes } = await retried(() =>
    test.db.transaction(async (tx) => {
      await tx.query("insert into public.t values (1)");
      if (first) {
        first = false;
        const [{ pid }] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
        await test.db.query("select pg_terminate_backend($1, 5000)", [pid]);
      }
      await tx.query("insert into public.t values (2)");
    })
  );
  expect(codes.length).toBe(1);
  expect(["db/connection_lost", "db/server_shutdown"]).toContain(codes[0]);
  expect(await test.db.query("select a from public.t order by a")).toEqual([{ a: 1 }, { a: 2 }]);
});

Deno.test("withRetry finds the new primary after a failover (25006): over a new connection", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  // What a standby says: only sessions that begin after the switch may write.
  await setReadOnly(test, true);
  await using db = await connect({ url: test.url, maxConnections: 1 });
  expect(await db.query("select count(*) as n from public.t")).toEqual([{ n: 0 }]);
  setTimeout(() => setReadOnly(test, false), 200);
  const { codes } = await retried(() => db.query("insert into public.t values (1)"));
  expect(new Set(codes)).toEqual(new Set(["db/read_only"]));
  expect(await test.db.query("select a from public.t")).toEqual([{ a: 1 }]);
});

Deno.test("connect waits for a server that takes writes where it is asked to", async () => {
  await using test = await testDatabase();
  await setReadOnly(test, true);
  const url = `${test.url}?target_session_attrs=read-write`;
  await expect(connect({ url })).rejects.toMatchObject({
    code: "db/read_only",
    retry: "later",
    message: expect.stringContaining("default_transaction_read_only is on"),
  });
  setTimeout(() => setReadOnly(test, false), 200);
  await using db = await connect({ url, wait: WAIT });
  expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("connect waits while there are too many connections (53300)", async () => {
  await using test = await testDatabase();
  const role = `narrow_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(`create role ${role} login password 'narrow' connection limit 1`);
  try {
    const url = new URL(test.url);
    url.username = role;
    url.password = "narrow";
    const holder = await connect({ url: url.href });
    await expect(connect({ url: url.href })).rejects.toMatchObject({
      code: "db/too_many_connections",
      retry: "later",
      postgres: { code: "53300" },
    });
    setTimeout(() => holder[Symbol.asyncDispose](), 200);
    await using db = await connect({ url: url.href, wait: WAIT });
    expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
  } finally {
    await test.db.query(`drop role ${role}`);
  }
});

for (
  const [how, code] of [
    ["starting", "db/server_starting"],
    ["hangs up", "db/hung_up"],
    ["refuses", "db/refused"],
  ] as const
) {
  Deno.test(`connect waits for a server that ${how}, at first and later`, async () => {
    await using test = await testDatabase();
    await using door = turnAway(test.url);
    door.turnAway(how, 2);
    await expect(connect({ url: door.url })).rejects.toMatchObject({ code, retry: "later" });
    door.turnAway(how, 2);
    await using db = await connect({ url: door.url, wait: WAIT });
    expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
    // The pool has one connection, and needs a second one.
    door.turnAway(how, 3);
    const sums = await Promise.all([slowOne(db), slowOne(db)]);
    expect(sums).toEqual([[{ one: 1 }], [{ one: 1 }]]);
  });
}

Deno.test("connect gives up within seconds where nothing listens, with exit code 75", async () => {
  await using test = await testDatabase();
  await using door = turnAway(test.url);
  door.turnAway("refuses", Infinity);
  const started = performance.now();
  const error = await connect({ url: door.url, wait: WAIT }).catch((error) => error);
  const seconds = (performance.now() - started) / 1000;
  expect(error.code).toBe("db/refused");
  expect(exitCodeOfError(error)).toBe(75);
  expect(seconds).toBeGreaterThan(1);
  expect(seconds * 1000).toBeLessThan(timeLimit(6_000));
});

Deno.test("an interrupt ends the waiting for a server, and disposing does", async () => {
  await using test = await testDatabase();
  await using door = turnAway(test.url);
  const stop = new AbortController();
  const db = await connect({ url: door.url, wait: WAIT, signal: stop.signal });
  door.turnAway("refuses", Infinity);
  const waiting = Promise.allSettled([slowOne(db), slowOne(db)]);
  setTimeout(() => stop.abort(new Error("interrupted")), 300);
  expect(await waiting).toMatchObject([
    { status: "fulfilled" },
    { status: "rejected", reason: { code: "db/refused" } },
  ]);
  // What an interrupt leaves is cleaned up over new connections, where there are any.
  door.turnAway("refuses", 0);
  await Promise.all([slowOne(db), slowOne(db)]);
  await db[Symbol.asyncDispose]();
});

Deno.test("errors that no waiting cures come at once, with the fields of Postgres", async () => {
  await using test = await testDatabase();
  const { codes, error } = await failed(test.db, "select nothing_such");
  expect(codes).toEqual([]);
  expect(error).toMatchObject({
    code: "db/unknown_column",
    retry: "never",
    postgres: { code: "42703", severity: "ERROR", position: "8", routine: "errorMissingColumn" },
  });
});

async function failed(db: Database, sql: string): Promise<{ codes: string[]; error: unknown }> {
  const codes: string[] = [];
  const error = await withRetry(() => db.query(sql), {
    ...WAIT,
    onRetry: (_attempt, _attempts, _delay, { code }) => codes.push(code),
  }).catch((error) => error);
  return { codes, error };
}

async function slowOne(db: Database): Promise<unknown> {
  return await db.query("select 1 as one from pg_sleep(0.05)");
}

async function setReadOnly({ db }: TestDatabase, on: boolean): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query("set transaction read write");
    const [{ name }] = await tx.query<{ name: string }>("select current_database() as name");
    await tx.query(`alter database ${name} set default_transaction_read_only = ${on}`);
  });
}
