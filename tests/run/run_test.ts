import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import type { Database } from "../../src/db/database.ts";
import { readHistory, readRejects } from "../../src/ledger/mod.ts";
import { executeStatements } from "../../src/publish/execute.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase, testDatabase } from "../support/every_db.ts";

const FULL = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns:
  id: { type: integer, required: true }
  name: text
  price: numeric(10,2)
rejects: { limit: 1 }
`;

const MONTHS = `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-03, concurrency: 2, missing: pending }
source: { url: "trips_{month}.csv" }
target: { table: shop.trips, partition_column: file_month, indexes: [[at]] }
idempotency_key: [id]
on_duplicate: keep_first
columns:
  id: { type: bigint, required: true }
  at: timestamp
`;

async function rows(db: Database, sql: string): Promise<unknown[]> {
  return await db.query(sql);
}

it("runPipeline publishes a whole table with its ledger row", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": 'id,name,price\n1,bolt,0.10\n2,"nut, hex",.20\n' });
  const result = await run(test.db, specOf(FULL, files.folder));
  expect(result.status).toBe("succeeded");
  expect(result).toMatchObject({ rows_read: 2, rows_loaded: 2, rows_rejected: 0, error: null });
  expect(await rows(test.db, "select id, name, price::text from shop.things order by id")).toEqual([
    { id: 1, name: "bolt", price: "0.10" },
    { id: 2, name: "nut, hex", price: "0.20" },
  ]);
  const { versions, runs } = await readHistory(test.db, specOf(FULL, files.folder));
  expect(versions).toMatchObject([{ version: 1, state: "live", rows: 2, partition: null }]);
  expect(versions[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(runs).toMatchObject([{ status: "succeeded", rows_read: 2, rows_loaded: 2 }]);
  const metrics = await rows(
    test.db,
    "select table_name, total_rows from sluice.ingestion_metrics",
  );
  expect(metrics).toEqual([{ table_name: "shop.things", total_rows: 2 }]);
});

it("runPipeline leaves an unchanged source alone and --force reloads it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,bolt,1\n" });
  const spec = specOf(FULL, files.folder);
  await run(test.db, spec);
  const again = await run(test.db, spec);
  expect(again.status).toBe("unchanged");
  expect(again.partitions[0].reason).toBe("version 1 holds this very file");
  // A new modification time with the same bytes is still the same file.
  Deno.utimeSync(`${files.folder}/things.csv`, 1, 1);
  expect((await run(test.db, spec)).status).toBe("unchanged");
  const forced = await run(test.db, spec, { force: true });
  expect(forced.partitions[0]).toMatchObject({ status: "published", version: 2 });
  files.write("things.csv", "id,name,price\n1,bolt,2\n");
  expect((await run(test.db, spec)).partitions[0].version).toBe(3);
  expect(await rows(test.db, "select price::text from shop.things")).toEqual([{ price: "2.00" }]);
});

it("runPipeline keeps views and grants, and rollback goes back and forth", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,old,1\n" });
  const spec = specOf(FULL, files.folder);
  await run(test.db, spec);
  await test.db.query("create view shop.names as select name from shop.things");
  files.write("things.csv", "id,name,price\n1,new,1\n");
  await run(test.db, spec);
  const names = () => rows(test.db, "select name from shop.names");
  expect(await names()).toEqual([{ name: "new" }]);
  const { context } = testContext(test.db);
  const back = await rollbackPipeline(spec, {}, context);
  expect(back.partitions).toEqual([{ partition: null, from_version: 2, to_version: 1 }]);
  expect(await names()).toEqual([{ name: "old" }]);
  // The file that was rolled back is not loaded again by the next scheduled run.
  const next = await run(test.db, spec);
  expect(next.status).toBe("unchanged");
  expect(next.partitions[0].reason).toContain("rolled back");
  await rollbackPipeline(spec, { to: 2 }, context);
  expect(await names()).toEqual([{ name: "new" }]);
  await expect(rollbackPipeline(spec, { to: 9 }, context)).rejects.toMatchObject({
    code: "plan/unknown_version",
  });
});

it("runPipeline keeps as many versions as the pipeline says", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const spec = specOf(FULL.replace("shop.things", "shop.things, versions: 2"), files.folder);
  for (let n = 1; n <= 5; n++) {
    files.write("things.csv", `id,name,price\n${n},x,1\n`);
    await run(test.db, spec);
  }
  const { versions } = await readHistory(test.db, spec);
  expect(versions.map(({ version, state }) => [version, state])).toEqual([
    [5, "live"],
    [4, "retained"],
    [3, "retained"],
    [2, "dropped"],
    [1, "dropped"],
  ]);
  const tables = await rows(
    test.db,
    "select relname from pg_class where relname like 'things\\_\\_%' and relkind = 'r' order by 1",
  );
  expect(tables).toEqual([
    { relname: "things__all__v3" },
    { relname: "things__all__v4" },
    { relname: "things__all__v5" },
  ]);
});

it("runPipeline refuses too many rejects and leaves the live table untouched", async () => {
  await using test = await ledgerDatabase();
  const good = "id,name,price\n1,a,1\n";
  using files = workspace({ "things.csv": good });
  const spec = specOf(FULL, files.folder);
  await run(test.db, spec);
  const bad = "id,name,price\n1,a,1\nx,b,2\n3,c,dear\n4,d\n";
  files.write("things.csv", bad);
  const result = await run(test.db, spec);
  expect(result).toMatchObject({
    status: "refused",
    rows_read: 4,
    rows_loaded: 0,
    rows_rejected: 3,
    rows_discarded: 1,
  });
  expect(result.error?.code).toBe("rows/too_many_rejects");
  expect(await rows(test.db, "select count(*)::int as n from shop.things")).toEqual([{ n: 1 }]);
  const rejects = await readRejects(test.db, spec, { limit: 10 });
  expect(rejects.total).toBe(3);
  expect(rejects.rows.map(({ line, column, raw }) => [line, column, raw])).toEqual([
    [3, "id", "x,b,2"],
    [4, "price", "3,c,dear"],
    [5, null, "4,d"],
  ]);
  for (const { byte_offset, raw } of rejects.rows) {
    expect(bad.slice(byte_offset, byte_offset + raw.length)).toBe(raw);
  }
  // Nothing of the refused load is left.
  const leftovers = await rows(
    test.db,
    "select relname from pg_class where relname = 'things__all__v2'",
  );
  expect(leftovers).toEqual([]);
});

it("runPipeline loads within the budget and keeps the rejects", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\nx,b,2\n" });
  const spec = specOf(FULL, files.folder);
  const result = await run(test.db, spec);
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 1 });
  expect((await readRejects(test.db, spec, { limit: 1 })).total).toBe(1);
});

it("runPipeline loads partitions side by side and tells each", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "trips_2021-01.csv": gzipSync("id,at\n1,2021-01-01\n2,2021-01-02\n1,2021-01-03\n"),
    "trips_2021-02.csv": "id,at\n1,2021-02-01\n",
  });
  const spec = specOf(MONTHS, files.folder);
  const result = await run(test.db, spec);
  expect(result.partitions.map(({ partition, status }) => [partition, status])).toEqual([
    ["2021-01", "published"],
    ["2021-02", "published"],
    ["2021-03", "pending"],
  ]);
  expect(result).toMatchObject({
    status: "succeeded",
    rows_read: 4,
    rows_loaded: 3,
    rows_duplicate: 1,
  });
  expect(
    await rows(
      test.db,
      "select file_month::text, id, at::date::text from shop.trips order by 1, 2",
    ),
  ).toEqual([
    { file_month: "2021-01-01", id: 1, at: "2021-01-01" },
    { file_month: "2021-01-01", id: 2, at: "2021-01-02" },
    { file_month: "2021-02-01", id: 1, at: "2021-02-01" },
  ]);
  // The month that was pending is loaded once it is there; the others stay.
  files.write("trips_2021-03.csv", "id,at\n5,2021-03-01\n");
  const next = await run(test.db, spec);
  expect(next.partitions.map(({ status }) => status)).toEqual([
    "unchanged",
    "unchanged",
    "published",
  ]);
  const only = await run(test.db, spec, { partitions: ["2021-02"], force: true });
  expect(only.partitions).toMatchObject([{ partition: "2021-02", version: 2 }]);
  // Indexes built on staging were adopted: the parent's are valid, with a child for each partition.
  const [{ n }] = await test.db.query<{ n: number }>(
    `select count(*)::int as n from pg_inherits i join pg_index x on x.indexrelid = i.inhparent
where x.indrelid = 'shop.trips'::regclass and x.indisvalid`,
  );
  expect(n).toBe(6);
});

for (
  const { onDuplicate, kept, counts } of [
    { onDuplicate: "keep_first", kept: "a", counts: { rows_duplicate: 2, rows_rejected: 0 } },
    { onDuplicate: "keep_last", kept: "c", counts: { rows_duplicate: 2, rows_rejected: 0 } },
    { onDuplicate: "reject", kept: "a", counts: { rows_duplicate: 0, rows_rejected: 2 } },
  ]
) {
  it(`on_duplicate: ${onDuplicate} keeps the right row of each key`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({
      "keys.csv": "id,part,name\n1,,a\n2,x,other\n1,,b\n1,,c\n",
    });
    const spec = specOf(
      `
pipeline: keys
source: { url: keys.csv }
target: { table: shop.keys }
idempotency_key: [id, part]
on_duplicate: ${onDuplicate}
columns: { id: integer, part: text, name: text }
rejects: { limit: 2 }
`,
      files.folder,
    );
    const result = await run(test.db, spec);
    expect(result).toMatchObject({ status: "succeeded", rows_read: 4, rows_loaded: 2, ...counts });
    expect(await rows(test.db, "select name from shop.keys where id = 1")).toEqual([{
      name: kept,
    }]);
    const { rows: rejects } = await readRejects(test.db, spec, { limit: 10 });
    expect(rejects.map(({ line, raw, code }) => [line, raw, code])).toEqual(
      onDuplicate === "reject" ? [[4, "1,,b", "duplicate_key"], [5, "1,,c", "duplicate_key"]] : [],
    );
    const columns = await rows(
      test.db,
      `select column_name from information_schema.columns
where table_schema = 'shop' and table_name = 'keys__all__v1'`,
    );
    expect(columns.length).toBe(3);
  });
}

it("on_duplicate: fail refuses and names the keys", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "keys.csv": "id\n1\n2\n1\n" });
  const yaml = `
pipeline: keys
source: { url: keys.csv }
target: { table: shop.keys }
idempotency_key: [id]
on_duplicate: fail
columns: { id: integer }
`;
  const result = await run(test.db, specOf(yaml, files.folder));
  expect(result.status).toBe("refused");
  expect(result.error?.code).toBe("load/duplicate_keys");
  expect(result.error?.message).toContain("id = 1 (2 rows)");
});

it("RANGE partitions prune, and rows outside the bounds are rejects", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "trips_2021-01.csv": "id,at\n1,2021-01-01 00:00:00\n2,2021-01-31 23:59:59\n3,2021-02-01\n4,\n",
  });
  const spec = specOf(
    `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "trips_{month}.csv" }
target: { table: shop.trips, partition_column: at }
columns: { id: bigint, at: timestamp }
rejects: { limit: 2 }
`,
    files.folder,
  );
  const result = await run(test.db, spec);
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 2, rows_rejected: 2 });
  const { rows: rejects } = await readRejects(test.db, spec, { limit: 10 });
  expect(rejects.map(({ line, column, code }) => [line, column, code])).toEqual([
    [4, "at", "outside_partition"],
    [5, "at", "outside_partition"],
  ]);
  const [{ bound }] = await test.db.query<{ bound: string }>(
    "select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = 'trips__2021_01__v1'",
  );
  expect(bound).toBe("FOR VALUES FROM ('2021-01-01 00:00:00') TO ('2021-02-01 00:00:00')");
});

it("target.lineage tells where each row came from", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n2,b,1\n" });
  const spec = specOf(FULL.replace("shop.things", "shop.things, lineage: true"), files.folder);
  const { run_id } = await run(test.db, spec);
  expect(
    await rows(
      test.db,
      `select id, _run_id::text, _source_file, _source_line, _loaded_at > now() - interval '1 hour' as recent
from shop.things order by id`,
    ),
  ).toEqual([1, 2].map((id) => ({
    id,
    _run_id: run_id,
    _source_file: `${files.folder}/things.csv`,
    _source_line: id + 1,
    recent: true,
  })));
});

it("planPipeline writes nothing and is what runPipeline executes", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
  const spec = specOf(FULL, files.folder);
  const { context } = testContext(test.db);
  const plan = await planPipeline(spec, ALL, context);
  expect(plan.partitions[0]).toMatchObject({ action: "load", version: 1 });
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  expect(
    await rows(test.db, "select nspname from pg_namespace where nspname in ('sluice', 'shop')"),
  ).toEqual([]);
});

for (
  const [kind, sql] of Object.entries({
    "a view": "create view shop.things as select 1 as id",
    "a materialized view": "create materialized view shop.things as select 1 as id",
    "a sequence": "create sequence shop.things",
    "an index": "create table shop.t (id int); create index things on shop.t (id)",
    "a composite type": "create type shop.things as (id int)",
  })
) {
  it(`${kind} is told as such, and never loaded`, async () => {
    await using test = await testDatabase();
    using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
    await test.db.query(`create schema shop; ${sql}`);
    await expect(run(test.db, specOf(FULL, files.folder))).rejects.toMatchObject({
      code: "plan/target_not_a_table",
      message: `"shop.things" is ${kind}`,
    });
  });
}

it("a table that Sluice did not make is never altered", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
  await test.db.query("create schema shop");
  await test.db.query("create table shop.things (id int)");
  await expect(run(test.db, specOf(FULL, files.folder))).rejects.toMatchObject({
    code: "plan/target_differs",
    message: expect.stringContaining('column "name" is missing in the table'),
  });
});

it("a changed column is refused with the difference", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
  await run(test.db, specOf(FULL, files.folder));
  const changed = FULL.replace("numeric(10,2)", "date");
  await expect(run(test.db, specOf(changed, files.folder))).rejects.toMatchObject({
    code: "plan/target_differs",
    message: expect.stringContaining('column "price" is numeric(10,2) in the table'),
  });
});

it("a missing file fails, and its partition waits where the pipeline says so", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const result = await run(test.db, specOf(FULL, files.folder));
  expect(result.status).toBe("failed");
  expect(result.error?.code).toBe("source/not_found");
  const months = await run(test.db, specOf(MONTHS, files.folder));
  expect(months.status).toBe("unchanged");
  expect(new Set(months.partitions.map(({ status }) => status))).toEqual(new Set(["pending"]));
});

it("a second run of the same target exits with a clear word, other targets do not wait", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
  const spec = specOf(FULL, files.folder);
  const { lockTarget } = await import("../../src/ledger/mod.ts");
  {
    await using _held = await lockTarget(test.db, "shop.things");
    await expect(run(test.db, spec)).rejects.toMatchObject({
      code: "ledger/target_locked",
      retry: "later",
    });
    const other = specOf(FULL.replaceAll("things", "others"), files.folder);
    files.write("others.csv", "id,name,price\n1,a,1\n");
    expect((await run(test.db, other)).status).toBe("succeeded");
  }
  expect((await run(test.db, spec)).status).toBe("succeeded");
});

it("leftovers of a died run are swept and the run is marked", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,price\n1,a,1\n" });
  const spec = specOf(FULL, files.folder);
  const { context } = testContext(test.db);
  await run(test.db, spec);
  // What a process killed in the middle leaves: a staging table and a run that says `running`.
  files.write("things.csv", "id,name,price\n2,b,1\n");
  const { partitions: [partition] } = await planPipeline(spec, ALL, context);
  await executeStatements(test.db, partition.stage);
  await test.db.query("update sluice.runs set status = 'running', ended_at = null");
  const result = await run(test.db, spec);
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  const { runs } = await readHistory(test.db, spec);
  expect(runs.map(({ status }) => status)).toEqual(["succeeded", "interrupted"]);
});
