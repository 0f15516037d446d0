import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { COPY_HEADER, COPY_TRAILER } from "../../src/core/copy_format.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const COPY = "copy public.t (a) from stdin (format binary)";

Deno.test("copyIn loads binary frames and returns the rows that Postgres counted", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await copy.write(tuples([1, 2, 3]));
  await copy.write(new Uint8Array());
  await copy.write(COPY_TRAILER);
  expect(await copy.finish()).toBe(3);
  expect(await copy.finish()).toBe(3);
  await copy.abort("too late to matter");
  expect(await test.db.query("select a from public.t order by a")).toEqual([{ a: 1 }, { a: 2 }, {
    a: 3,
  }]);
});

Deno.test("copyIn lets the caller overwrite its buffer once write has resolved", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  const buffer = tuples(Array.from({ length: 100_000 }, () => 0));
  const view = new DataView(buffer.buffer);
  for (let round = 1; round <= 8; round++) {
    for (let at = 0; at < buffer.length; at += TUPLE_BYTES) view.setInt32(at + 6, round);
    await copy.write(buffer);
  }
  buffer.fill(255);
  await copy.write(COPY_TRAILER);
  expect(await copy.finish()).toBe(800_000);
  expect(await test.db.query("select a, count(*) as n from public.t group by a order by a"))
    .toEqual(
      Array.from({ length: 8 }, (_, at) => ({ a: at + 1, n: 100_000 })),
    );
});

Deno.test("copyIn works for several copies into one table at once, and again on a used connection", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url, maxConnections: 2 });
  await db.query("create table public.t (a int)");
  for (let round = 0; round < 3; round++) {
    await Promise.all([1, 2].map(async (value) => {
      const copy = await db.copyIn(COPY);
      await copy.write(COPY_HEADER);
      await copy.write(tuples([value]));
      await copy.write(COPY_TRAILER);
      expect(await copy.finish()).toBe(1);
    }));
  }
  expect(await db.query("select count(*) as n from public.t")).toEqual([{ n: 6 }]);
});

Deno.test("copyIn reports a frame that Postgres cannot read", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  const error = await failure(async () => {
    await copy.write(new Uint8Array([0, 2, 0, 0, 0, 4, 0, 0, 0, 1]));
    await copy.finish();
  });
  expect([error.code, error.postgres?.code]).toEqual(["db/bad_copy_data", "22P04"]);
  expect(await test.db.query("select count(*) as n from public.t")).toEqual([{ n: 0 }]);
});

Deno.test("copyIn reports an error that Postgres finds in the middle, while bytes still flow", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int check (a < 5))");
  const copy = await test.db.copyIn(COPY);
  const error = await failure(async () => {
    await copy.write(COPY_HEADER);
    const chunk = tuples(Array.from({ length: 50_000 }, () => 7));
    for (let round = 0; round < 1000; round++) await copy.write(chunk);
  });
  expect([error.code, error.postgres?.constraint]).toEqual([
    "db/constraint_violation",
    "t_a_check",
  ]);
  // The same error again, however often it is asked.
  expect(await failure(() => copy.write(tuples([1])))).toBe(error);
  expect(await failure(() => copy.finish())).toBe(error);
  await copy.abort("after the error");
  await usable(test.db);
});

Deno.test("copyIn reports an error that Postgres finds after the last byte", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url, maxConnections: 1 });
  await db.query("create table public.t (a int unique deferrable initially deferred)");
  const copy = await db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await copy.write(tuples([1, 1]));
  await copy.write(COPY_TRAILER);
  const error = await failure(() => copy.finish());
  expect(error.code).toBe("db/unique_violation");
  await usable(db);
  const again = await db.copyIn(COPY);
  await again.write(COPY_HEADER);
  await again.write(tuples([1]));
  await again.write(COPY_TRAILER);
  expect(await again.finish()).toBe(1);
});

Deno.test("copyIn reports data that ends in the middle of a row", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await copy.write(tuples([1]).subarray(0, 7));
  expect((await failure(() => copy.finish())).code).toBe("db/bad_copy_data");
});

Deno.test("copyIn reports a statement that fails before the first byte", async () => {
  await using test = await testDatabase();
  expect((await failure(() => test.db.copyIn(COPY))).code).toBe("db/unknown_table");
  await expect(test.db.copyIn("select 1")).rejects.toThrow("no copy from stdin");
  await usable(test.db);
});

Deno.test("abort leaves nothing behind and frees the connection", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url, maxConnections: 1 });
  await db.query("create table public.t (a int)");
  const copy = await db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await copy.write(tuples([1, 2]));
  await copy.abort("the download broke");
  await copy.abort("twice");
  await usable(db);
  expect(await db.query("select count(*) as n from public.t")).toEqual([{ n: 0 }]);
  const error = await failure(() => copy.finish());
  expect(error.code).toBe("db/canceled");
  expect(error.message).toContain("the download broke");
});

Deno.test("abort interrupts a write that the server is slow to take", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  await test.db.query(`create function slow() returns trigger language plpgsql as
    'begin perform pg_sleep(60); return new; end'`);
  await test.db.query(
    "create trigger slow before insert on public.t for each row execute function slow()",
  );
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  const writing = failure(async () => {
    const chunk = tuples(Array.from({ length: 20 }, () => 1));
    for (;;) await copy.write(chunk);
  });
  await sleeping(test.db);
  const began = performance.now();
  await copy.abort("enough");
  // Far less than the server takes for the rows it has.
  expect(performance.now() - began).toBeLessThan(30_000);
  await writing.catch(() => {});
  await usable(test.db);
});

Deno.test("a connection dropped in the middle of a copy fails the copy at once", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await terminateCopies(test.db);
  const error = await failure(async () => {
    const chunk = tuples(Array.from({ length: 50_000 }, () => 7));
    for (;;) await copy.write(chunk);
  });
  expect([error.code, error.retry]).toEqual(["db/connection_lost", "later"]);
  expect((await failure(() => copy.finish())).code).toBe("db/connection_lost");
  await copy.abort("gone anyway");
  await usable(test.db);
});

Deno.test("a connection dropped while a copy finishes fails the finish", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  await test.db.query(`create function slow() returns trigger language plpgsql as
    'begin perform pg_sleep(60); return null; end'`);
  await test.db.query("create trigger slow after insert on public.t execute function slow()");
  const copy = await test.db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await copy.write(tuples([1]));
  await copy.write(COPY_TRAILER);
  const finishing = failure(() => copy.finish());
  await sleeping(test.db);
  await terminateCopies(test.db);
  expect((await finishing).code).toBe("db/connection_lost");
});

Deno.test("disposing the database fails a running copy", async () => {
  await using test = await testDatabase();
  await test.db.query("create table public.t (a int)");
  const db = await connect({ url: test.url });
  const copy = await db.copyIn(COPY);
  await copy.write(COPY_HEADER);
  await db[Symbol.asyncDispose]();
  expect((await failure(() => copy.finish())).code).toBe("db/connection_lost");
});

const TUPLE_BYTES = 10;

/** Frames of one int4 column. */
function tuples(values: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * TUPLE_BYTES);
  const view = new DataView(bytes.buffer);
  values.forEach((value, at) => {
    view.setInt16(at * TUPLE_BYTES, 1);
    view.setInt32(at * TUPLE_BYTES + 2, 4);
    view.setInt32(at * TUPLE_BYTES + 6, value);
  });
  return bytes;
}

async function terminateCopies(db: Database): Promise<void> {
  const ended = await db.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query = $1 and datname = current_database()",
    [COPY],
  );
  expect(ended.length).toBe(1);
}

async function usable(db: Database): Promise<void> {
  expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
}

async function failure(work: () => Promise<unknown>): Promise<SluiceError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error("It was expected to fail");
}

/** Waits until a trigger of this database sleeps. */
async function sleeping(db: Database): Promise<void> {
  await until("a trigger sleeps", async () =>
    (await db.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    )).length > 0);
}
