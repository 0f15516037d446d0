import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Queryable } from "../../src/db/database.ts";
import { logTable } from "../../src/observe/log_table.ts";
import type { ObservedEvent } from "../../src/observe/observer.ts";
import { EVENTS, RUN } from "../cli/support.ts";
import { testDatabase } from "../support/postgres.ts";
import { hastyClock, stillClock } from "./support.ts";

const LOG = `select run_id, level, pipeline, partition, stage, message, attributes
from sluice.logs order by id`;

Deno.test("logTable() keeps what a run tells, from its level up", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const observer = logTable({ db: test.db, clock: hastyClock, level: "warning", warn });
  for (const event of EVENTS) observer.observe(event);
  await observer.close();
  // deno-lint-ignore no-explicit-any
  const rows = await test.db.query<any>(LOG);
  expect(rows.map(({ level, partition, stage }) => [level, partition, stage])).toEqual([
    ["warning", "2021-01", "publish"],
    ["warning", "2021-01", "load"],
    ["error", "2021-02", null],
  ]);
  expect(rows[0]).toMatchObject({
    run_id: RUN.run_id,
    pipeline: "trips",
    message: "publish: attempt 1 of 5 failed, next in 0.5 s: Somebody holds the lock",
    attributes: { event: "retry", attempt: 1, error: { code: "db/lock_timeout" } },
  });
  expect(warnings).toEqual([]);
});

Deno.test("logTable() writes while the run goes on, in batches and in order", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const observer = logTable({ db: test.db, clock: hastyClock, level: "info", warn() {} });
  for (let at = 0; at < 1_200; at++) observer.observe(warning(`${at}`));
  await hastyClock.sleep(50_000);
  const count = async () =>
    (await test.db.query<{ n: number }>("select count(*)::int as n from sluice.logs"))[0].n;
  expect(await count()).toBe(1_200);
  observer.observe(warning("1200"));
  await observer.close();
  const rows = await test.db.query<{ message: string }>(LOG);
  expect(rows.map(({ message }) => Number(message))).toEqual(
    Array.from({ length: 1_201 }, (_, at) => at),
  );
});

Deno.test("logTable() stores text that Postgres has no room for", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const observer = logTable({ db: test.db, clock: hastyClock, level: "info", warn });
  observer.observe(warning(`nul \0 half \ud83d quote ' backslash \\u0000 {}`));
  await observer.close();
  expect(warnings).toEqual([]);
  expect((await test.db.query<{ message: string }>(LOG))[0].message)
    .toBe(`nul \ufffd half \ufffd quote ' backslash \\u0000 {}`);
});

Deno.test("logTable() tells once what a database away has cost, and holds only so much", async () => {
  let asked = 0;
  const db: Queryable = {
    query() {
      asked++;
      return Promise.reject(new SluiceError("db/away", "The connection broke"));
    },
  };
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const observer = logTable({ db, clock: stillClock(), level: "info", warn });
  for (let at = 0; at < 10_050; at++) observer.observe(warning(`${at}`));
  await observer.close();
  expect(warnings).toEqual([
    "10,050 log records did not get into sluice.logs: The connection broke",
  ]);
  expect(asked).toBeLessThan(10);
});

Deno.test("logTable() does not keep a run from ending where the database hangs", async () => {
  const hung = Promise.withResolvers<never[]>();
  const db = { query: () => hung.promise } as Queryable;
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const observer = logTable({ db, clock: hastyClock, level: "info", warn });
  observer.observe(warning("one"));
  await observer.close();
  expect(warnings).toEqual(["1 log record did not get into sluice.logs"]);
  hung.resolve([]);
});

function warning(message: string): ObservedEvent {
  return { type: "warning", runId: null, partition: null, message };
}
