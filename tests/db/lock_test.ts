import { expect } from "packages/expect.ts";
import { advisoryLockHolder, lockHolders, tryAdvisoryLock } from "../../src/db/lock.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { testDatabase } from "../support/postgres.ts";

Deno.test("tryAdvisoryLock is held by one session until that is disposed", async () => {
  await using test = await testDatabase();
  await using other = await connect({ url: test.url, applicationName: "the other" });
  await using second = await other.session();
  {
    await using first = await test.db.session();
    expect(await tryAdvisoryLock(first, "target:a")).toBe(true);
    expect(await tryAdvisoryLock(second, "target:a")).toBe(false);
    expect(await tryAdvisoryLock(second, "target:b")).toBe(true);
    expect(await advisoryLockHolder(other, "target:a")).toMatchObject({
      applicationName: "sluice",
    });
    const holder = await advisoryLockHolder(test.db, "target:b");
    expect(holder).toMatchObject({ applicationName: "the other" });
    expect(holder!.since).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  }
  expect(await tryAdvisoryLock(second, "target:a")).toBe(true);
  expect(await advisoryLockHolder(test.db, "target:c")).toBe(null);
});

Deno.test("tryAdvisoryLock is given up when its connection drops", async () => {
  await using test = await testDatabase();
  await using first = await test.db.session();
  expect(await tryAdvisoryLock(first, "k")).toBe(true);
  const holder = await advisoryLockHolder(test.db, "k");
  await test.db.query("select pg_terminate_backend($1, 5000)", [holder!.pid]);
  await using second = await test.db.session();
  expect(await tryAdvisoryLock(second, "k")).toBe(true);
});

Deno.test("lockHolders names who holds a lock on a table or a partition of it", async () => {
  await using test = await testDatabase();
  await test.db.query(`create table trips (month text) partition by list (month);
    create table trips__1 partition of trips default`);
  const trips = { schema: "public", table: "trips" };
  expect(await lockHolders(test.db, trips)).toEqual([]);
  await using reader = await connect({ url: test.url, applicationName: "a reader" });
  await using session = await reader.session();
  await session.query("begin");
  await session.query("select count(*) from public.trips__1");
  const [holder, ...more] = await lockHolders(test.db, trips);
  expect(more).toEqual([]);
  expect(holder).toMatchObject({
    applicationName: "a reader",
    mode: "AccessShareLock",
    state: "idle in transaction",
    query: "select count(*) from public.trips__1",
  });
  await session.query("lock table public.trips__1 in access exclusive mode");
  expect((await lockHolders(test.db, trips))[0].mode).toBe("AccessExclusiveLock");
  expect(await lockHolders(test.db, { schema: "public", table: "none" })).toEqual([]);
});
