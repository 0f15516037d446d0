import { expect } from "packages/expect.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { verifyStaging } from "../../src/load/verify_staging.ts";
import type { VerifyQuery } from "../../src/plan/load_plan.ts";
import { PROBE, verifyQueries } from "../../src/plan/verify.ts";
import { Frame } from "../../src/rows/frame.ts";
import { columnDigests } from "../../src/rows/verify/column_digests.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const COLUMNS = Array.from({ length: 7 }, (_, at) => ({
  name: `c${at}`,
  type: { name: "integer" } as const,
}));

Deno.test("a row that is not there is found by its count", async () => {
  await using database = await ledgerDatabase();
  const queries = await held(database.db, 2);
  await expect(verifyStaging(database.db, queries, sent([1, 2, 3]))).rejects.toMatchObject({
    code: "check/verify_mismatch",
    message: "What Postgres holds is not what was sent: 3 rows were sent and Postgres holds 2",
    details: { rows_sent: 3, rows_held: 2 },
  });
});

Deno.test("five of many columns that differ are described, and all are named", async () => {
  await using database = await ledgerDatabase();
  const queries = await held(database.db, 2);
  expect(await verifyStaging(database.db, queries, sent([1, 2]))).toBe(7);
  const error = await verifyStaging(database.db, queries, sent([1, 3])).catch((error) => error);
  expect(error.message).toMatch(
    /: column "c0": the hash .*, the greatest value sent is 3, held 2; column "c1": .*; and 2 more columns$/,
  );
  expect(error.details).toEqual({ columns: "c0, c1, c2, c3, c4, c5, c6", rows: 2 });
});

Deno.test("equal values in other rows are the same: the order of rows means nothing", async () => {
  await using database = await ledgerDatabase();
  const queries = await held(database.db, 3);
  expect(await verifyStaging(database.db, queries, sent([3, 1, 2]))).toBe(7);
});

Deno.test("a server that hashes in another way is told apart from a mismatch", async () => {
  await using database = await ledgerDatabase();
  const queries = await held(database.db, 2);
  const other: Queryable = {
    query: (sql, params) => database.db.query(sql.replace(PROBE, "\\x010204"), params),
  };
  await expect(verifyStaging(other, queries, sent([1, 2]))).rejects.toMatchObject({
    code: "check/verify_unsupported",
    retry: "never",
  });
});

Deno.test("more columns than a select list takes are asked for in turn", async () => {
  await using database = await ledgerDatabase();
  const columns = Array.from({ length: 1000 }, (_, at) => ({
    name: `c${at}`,
    type: { name: "boolean" } as const,
  }));
  await database.db.query(
    `create table held (${columns.map(({ name }) => `${name} boolean`).join(", ")})`,
  );
  const queries = verifyQueries(columns, { schema: "public", table: "held" }, 140_000);
  expect(queries.length).toBeGreaterThan(1);
  const digests = columnDigests(columns.map(({ name }) => name), columns);
  expect(await verifyStaging(database.db, queries, digests)).toBe(1000);
});

/** A table with the numbers from 1 in each column, and what is asked of it. */
async function held(db: Database, rows: number): Promise<readonly VerifyQuery[]> {
  const names = COLUMNS.map(({ name }) => name);
  await db.query(
    `create table held (${names.map((name) => `${name} integer`).join(", ")});
insert into held select ${names.map(() => "n").join(", ")} from generate_series(1, ${rows}) n`,
  );
  return verifyQueries(COLUMNS, { schema: "public", table: "held" }, 140_000);
}

/** Digests of rows that hold one number in each column. */
function sent(numbers: readonly number[]) {
  const digests = columnDigests(COLUMNS.map(({ name }) => name), COLUMNS);
  for (const number of numbers) {
    const frame = new Frame(2 + COLUMNS.length * 8);
    frame.view.setInt16(0, COLUMNS.length);
    COLUMNS.forEach((_, at) => {
      frame.view.setInt32(2 + at * 8, 4);
      frame.view.setInt32(6 + at * 8, number);
    });
    frame.length = frame.bytes.length;
    digests.add(frame, 0);
  }
  return digests;
}
