import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import {
  appliedMigration,
  findRun,
  forgetRejects,
  lockTarget,
  markDeadRuns,
  migrate,
  openRejectWriter,
  readHistory,
  readLedger,
  readRejects,
  rejectPages,
  startRun,
} from "../../src/ledger/mod.ts";
import { LATEST_MIGRATION } from "../../src/ledger/migrations.ts";
import { readRejects as readShownRejects } from "../../src/page/queries/rejects.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const RUN = {
  id: "6f1c1f0e-7b1e-4c0e-9d0a-000000000001",
  command: "run" as const,
  pipeline: "p",
  target: "s.t",
  specHash: "h",
  environment: null,
  host: "here",
  version: "test",
};

const SPEC = { pipeline: "p", target: { schema: "s", table: "t" } } as Parameters<
  typeof readHistory
>[1];

/** Of a run that has begun, in its first file. */
async function rejectWriter(db: Database, keep: number) {
  await migrate(db);
  await startRun(db, RUN);
  const writer = openRejectWriter(db, { runId: RUN.id, pipeline: "p", partition: null, keep });
  writer.beginFile("a.csv", 0);
  return writer;
}

Deno.test("readLedger, readHistory and readRejects work before there is a ledger, and make none", async () => {
  await using test = await testDatabase();
  expect(await readLedger(test.db, "s.t")).toEqual({
    migration: 0,
    loads: [],
    madeTarget: false,
    renamedTarget: null,
    asked: [],
    tables: [],
    pipelines: [],
  });
  expect(await readHistory(test.db, SPEC)).toEqual({ versions: [], runs: [] });
  expect(await readRejects(test.db, SPEC, { limit: 1 })).toMatchObject({ run_id: null, total: 0 });
  const schemas = await test.db.query("select from pg_namespace where nspname = 'sluice'");
  expect(schemas.length).toBe(0);
});

Deno.test("migrate may be called by several first runs at once", async () => {
  await using test = await testDatabase();
  await Promise.all(Array.from({ length: 5 }, () => migrate(test.db)));
  await migrate(test.db);
  expect(await appliedMigration(test.db)).toBe(LATEST_MIGRATION);
});

Deno.test("a ledger from a newer Sluice is refused", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  await test.db.query("insert into sluice.migrations (number) values (999)");
  await expect(readLedger(test.db, "s.t")).rejects.toMatchObject({ code: "ledger/newer_version" });
});

Deno.test("openRejectWriter keeps bytes that are no text, and counts beyond what it keeps", async () => {
  await using test = await testDatabase();
  const writer = await rejectWriter(test.db, 1200);
  const raw = Uint8Array.from([0, 255, 39, 92, 10]);
  for (let n = 0; n < 1300; n++) {
    writer.add({
      line: n + 1,
      byteOffset: n * 5,
      column: n === 0 ? null : "c",
      code: "not_an_integer",
      message: "NUL \0, a lone surrogate \ud800 and a quote '",
      raw,
    });
  }
  await writer.drain();
  expect(writer.count).toBe(1300);
  const rejects = await readRejects(test.db, SPEC, { run: RUN.id, limit: 2 });
  expect(rejects.total).toBe(1200);
  expect(rejects.groups.map(({ column, count }) => [column, count])).toEqual([["c", 1199], [
    null,
    1,
  ]]);
  expect(rejects.rows).toMatchObject([{ line: 1, raw: "\\x00ff275c0a" }, { line: 2 }]);
  await forgetRejects(test.db, RUN.id, null);
  expect((await readRejects(test.db, SPEC, { limit: 2 })).total).toBe(0);
});

Deno.test("every reader of rejects leaves out those that were replayed; an older ledger has none", async () => {
  await using test = await testDatabase();
  const writer = await rejectWriter(test.db, 10);
  for (const line of [1, 2, 3]) {
    const raw = new Uint8Array([48 + line]);
    writer.add({ line, byteOffset: line, column: "c", code: "x", message: "m", raw });
  }
  await writer.drain();
  await test.db.query(
    "update sluice.rejected_rows set replayed_by = run_id, replayed_at = now() where line = 2",
  );
  const filter = { runId: RUN.id, partition: null, column: null, code: "" };
  const read = async () => {
    const { total, rows, groups } = await readRejects(test.db, SPEC, { limit: 9 });
    const pages = (await Array.fromAsync(rejectPages(test.db, SPEC, {}))).flat();
    expect(groups).toEqual([{ column: "c", code: "x", count: total, example: "m" }]);
    return [rows.map(({ line }) => line), pages.map(({ line }) => line)];
  };
  expect(await read()).toEqual([[1, 3], [1, 3]]);
  expect((await readShownRejects(test.db, filter, null)).map(({ line }) => line)).toEqual([1, 3]);
  // As 0.1 left it before there was a replay.
  await test.db.query(`alter table sluice.rejected_rows drop column replayed_by cascade,
  drop column replayed_at cascade`);
  await test.db.query("delete from sluice.migrations where number > 2");
  expect(await read()).toEqual([[1, 2, 3], [1, 2, 3]]);
});

Deno.test("readRejects names a run that is not there", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  await expect(readRejects(test.db, SPEC, { run: "nope", limit: 1 })).rejects.toMatchObject({
    code: "ledger/unknown_run",
  });
});

Deno.test("findRun takes the beginning of an id, and names the runs of one that is several's", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const ids = [
    "0b8f6f0e-1111-4000-8000-000000000001",
    "0b8f6f0e-2222-4000-8000-000000000002",
    "ffffffff-ffff-4fff-bfff-ffffffffffff",
  ];
  for (const id of ids) await startRun(test.db, { ...RUN, id });
  await startRun(test.db, { ...RUN, id: "77777777-0000-4000-8000-000000000009", pipeline: "q" });
  const found: [string, string | null, string][] = [
    [ids[0], null, ids[0]],
    [ids[0].toUpperCase(), null, ids[0]],
    ["0b8f6f0e-1", null, ids[0]],
    ["0b8f6f0e2", SPEC.pipeline, ids[1]],
    ["ffff", null, ids[2]],
    ["77777777", "q", "77777777-0000-4000-8000-000000000009"],
  ];
  for (const [given, pipeline, id] of found) {
    expect([given, await findRun(test.db, given, pipeline)]).toEqual([given, id]);
  }
  for (const given of ["", "fff", "0b8f6f0e3", "77777777", "%", "0b8f6f0e%", "' or true", "\0"]) {
    const asked = findRun(test.db, given, SPEC.pipeline);
    await expect(asked).rejects.toMatchObject({ code: "ledger/unknown_run" });
  }
  await expect(findRun(test.db, "0b8f6f0e", null)).rejects.toMatchObject({
    code: "ledger/ambiguous_run",
    message: expect.stringMatching(
      new RegExp(`${ids[1]} \\(.*, running\\), ${ids[0]} \\(|${ids[0]} \\(.*${ids[1]} \\(`),
    ),
  });
});

Deno.test("markDeadRuns marks what still says it runs", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  await using session = await test.db.session();
  await startRun(test.db, RUN);
  expect(await markDeadRuns(session, "s.other")).toBe(0);
  expect(await markDeadRuns(session, "s.t")).toBe(1);
  const { runs } = await readHistory(test.db, SPEC);
  expect(runs).toMatchObject([{ status: "interrupted", error: { code: "ledger/died" } }]);
});

Deno.test("lockTarget lets one in, says who that is, and is free after a disconnect", async () => {
  await using test = await testDatabase();
  await using first: Database = await connect({ url: test.url, applicationName: "first" });
  {
    await using _lock = await lockTarget(first, "s.t");
    await expect(lockTarget(test.db, "s.t")).rejects.toMatchObject({
      code: "ledger/target_locked",
      retry: "later",
      message: expect.stringContaining("first"),
    });
    await using _other = await lockTarget(test.db, "s.other");
    await test.db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'first'",
    );
    // The server lets go when it notices; a moment at most.
    await until("the lock is free", async () => {
      try {
        await using _second = await lockTarget(test.db, "s.t");
        return true;
      } catch {
        return false;
      }
    });
  }
});
