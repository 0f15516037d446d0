import { expect } from "packages/expect.ts";
import { readRejects, rejectPages } from "../../src/ledger/mod.ts";
import { rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

function yaml(mode: string, columns: string): string {
  return `
pipeline: trips
source: { url: trips.csv }
target: { table: shop.trips }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { ${columns} }
rejects: { limit: 10 }
`;
}

const STRICT =
  "id: { type: integer, required: true }, seats: { type: integer, max: 4 }, note: text";
const MENDED =
  "id: { type: integer, required: true }, seats: { type: integer, max: 8 }, note: text";
const FILE = `id,note,seats
1,"two
lines",1
2,"open quote is in the middle ""x""",7
3,ünï,8
4,too many,99
1,a duplicate,3
x,no number,1
5,short
`;

for (const mode of ["full", "append", "upsert", "history"]) {
  it(`${mode}: a replay loads what is valid by now, exactly once`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "trips.csv": FILE });
    const strict = specOf(yaml(mode, STRICT), files.folder);
    expect(await run(test.db, strict)).toMatchObject({ status: "succeeded", rows_rejected: 6 });
    const { context } = testContext(test.db);
    expect(await replayRejects(strict, undefined, context)).toMatchObject({
      status: "unchanged",
      rows_loaded: 0,
    });
    const mended = specOf(yaml(mode, MENDED), files.folder);
    // The source is not needed any more: the ledger has the records.
    files.write("trips.csv", "");
    expect(await replayRejects(mended, undefined, context)).toMatchObject({
      status: "succeeded",
      rows_read: 5,
      rows_loaded: 2,
      rows_rejected: 3,
    });
    const rows = await test.db.query("select id, seats, note from shop.trips order by id");
    expect(rows).toEqual([
      { id: 1, seats: 1, note: "two\nlines" },
      { id: 2, seats: 7, note: 'open quote is in the middle "x"' },
      { id: 3, seats: 8, note: "ünï" },
    ]);
    expect(await replayRejects(mended, undefined, context)).toMatchObject({
      status: "unchanged",
      rows_read: 3,
    });
    expect((await test.db.query("select from shop.trips")).length).toBe(3);
    const { rows: left } = await readRejects(test.db, mended, { limit: 20 });
    expect(left.map(({ line, code }) => [line, code])).toEqual([
      [6, "above_max"],
      [7, "duplicate_key"],
      [8, "invalid_integer"],
      [9, "too_few_fields"],
    ]);
    // It is a version of its own, and can be taken back.
    await rollbackPipeline(mended, {}, context);
    expect((await test.db.query("select from shop.trips")).length).toBe(1);
  });
}

it("a long record that was rejected is replayed whole", async () => {
  await using test = await ledgerDatabase();
  // Longer than what is read of a file at once, at its start and later.
  const long = ["é".repeat(100_000), "y".repeat(300_000)];
  const file = `id,note,seats\n1,"${long[0]}",9\n2,${long[1]},9\n3,c,1\n`;
  using files = workspace({ "trips.csv": file });
  const strict = specOf(yaml("full", STRICT), files.folder);
  expect(await run(test.db, strict)).toMatchObject({ rows_loaded: 1, rows_rejected: 2 });
  const mended = specOf(yaml("full", STRICT.replace("max: 4", "max: 9")), files.folder);
  const { context } = testContext(test.db);
  expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 2 });
  const rows = await test.db.query<{ note: string }>("select note from shop.trips order by id");
  expect(rows.map(({ note }) => note === "c" ? 2 : long.indexOf(note))).toEqual([0, 1, 2]);
});

it("a replay makes the file count as loaded with the mended pipeline", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": FILE });
  await run(test.db, specOf(yaml("full", STRICT), files.folder));
  const mended = specOf(yaml("full", MENDED), files.folder);
  const { context } = testContext(test.db);
  await replayRejects(mended, undefined, context);
  expect(await runPipeline(mended, ALL, context)).toMatchObject({ status: "unchanged" });
  expect(await runPipeline(mended, { ...ALL, force: true }, context)).toMatchObject({
    rows_loaded: 3,
  });
});

it("rejected rows of a load that is not live are not replayed", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": FILE });
  await run(test.db, specOf(yaml("full", STRICT), files.folder));
  files.write("trips.csv", "id,note,seats\n9,other,1\n");
  const mended = specOf(yaml("full", MENDED), files.folder);
  await run(test.db, mended);
  expect(await replayRejects(mended, undefined, testContext(test.db).context)).toMatchObject({
    status: "unchanged",
    rows_read: 0,
  });
});

it("rejectPages exports every row, with bytes that are no UTF-8 as hex", async () => {
  await using test = await ledgerDatabase();
  const head = new TextEncoder().encode("id,note,seats\n");
  const bad = new Uint8Array([0x31, 0x2c, 0xff, 0x2c, 0x31, 0x0a]);
  using files = workspace({ "trips.csv": new Uint8Array([...head, ...bad]) });
  const spec = specOf(yaml("full", STRICT), files.folder);
  await run(test.db, spec);
  const pages = await Array.fromAsync(rejectPages(test.db, spec, {}));
  expect(pages.flat()).toMatchObject([{ line: 2, code: "invalid_utf8", raw: "\\x312cff2c31" }]);
});

it("a replay keeps each row's line, and leaves what cannot be read where it is", async () => {
  await using test = await ledgerDatabase();
  const file = `id,note,seats
1,good,1
2,"two
lines",7
3,"stray" quote,1
4,"open,1
5,five,6
6,${"x".repeat(2_000)},1
7,seven,9
`;
  using files = workspace({ "trips.csv": file });
  const text = (columns: string) =>
    yaml("full", columns)
      .replace("url: trips.csv", "url: trips.csv, format: { type: csv, max_record_bytes: 1500 }")
      .replace("table: shop.trips", "table: shop.trips, lineage: true");
  const { context } = testContext(test.db);
  expect(await run(test.db, specOf(text(STRICT), files.folder)))
    .toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 6 });
  const mended = specOf(text(MENDED).replace("1500", "3000"), files.folder);
  expect(await replayRejects(mended, undefined, context))
    .toMatchObject({ status: "succeeded", rows_loaded: 2 });
  expect(
    await test.db.query("select id, note, _source_line::int as line from shop.trips order by id"),
  ).toEqual([
    { id: 1, note: "good", line: 2 },
    { id: 2, note: "two\nlines", line: 3 },
    { id: 5, note: "five", line: 7 },
  ]);
  const { rows: left } = await readRejects(test.db, mended, { limit: 20 });
  expect(left.map(({ line, code }) => [line, code])).toEqual([
    [5, "text_after_quote"],
    [6, "record_too_long"],
    [8, "record_too_long"],
    [9, "above_max"],
  ]);
});
