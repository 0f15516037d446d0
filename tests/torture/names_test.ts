import { expect } from "packages/expect.ts";
import { quoteIdent } from "../../src/core/quote.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";
import { expectSums, pipelineOf, readRejects } from "./ground.ts";

/** Each is a partition, a part of a file's name, and a value in the table. */
const PARTITIONS: readonly string[] = [
  "'); drop table torture.t; --",
  'a"b',
  "a'b",
  "a b",
  "$1 %s %I ${HOME",
  "null",
  "NULL",
  "default",
  "..",
  "-rf",
  "2021-01",
  "2021_01",
  "%2e%2e%2f",
  "?query#fragment",
  "line\nend",
  "\x1b[2J",
  "\u202eevil",
  "🚕".repeat(10),
  "é",
  "e\u0301",
  "__all__v1",
];

Deno.test("partitions named like SQL, paths and escapes: each is its own, in its own table", async () => {
  await using database = await ledgerDatabase();
  const { db } = database;
  using files = workspace();
  for (const [index, name] of PARTITIONS.entries()) {
    files.write(`of ${name}.csv`, `id,name\n${index},one\nx,two\n`);
  }
  const settings = `partitions: { by: list, values: ${JSON.stringify(PARTITIONS)} }`;
  const yaml = pipelineOf({ settings }, "torture.t", "of {partition}.csv")
    .replace("lineage: true", "lineage: true, partition_column: part");
  for (const versions of [1, 2]) {
    const result = await run(db, specOf(yaml, files.folder), { force: true });
    expectSums(result);
    expect(result.error).toBe(null);
    expect(result.partitions.map(({ partition }) => partition)).toEqual(PARTITIONS);
    const rows = await db.query(
      `select part, id, _source_file as file from torture.t order by id`,
    );
    expect(rows).toEqual(PARTITIONS.map((part, id) => ({
      part,
      id,
      file: `${files.folder}/of ${part}.csv`,
    })));
    const rejects = await db.query<{ partition: string; line: number }>(
      `select partition, line::int as line from sluice.rejected_rows where run_id = $1 order by id`,
      [result.run_id],
    );
    expect(rejects.map(({ partition }) => partition).sort()).toEqual([...PARTITIONS].sort());
    const tables = await db.query<{ name: string }>(
      `select relname::text as name from pg_class where relkind = 'r' and relname like 't\\_\\_%'`,
    );
    expect(tables.length).toBe(PARTITIONS.length * versions);
  }
});

/** Files whose names mean something to a shell, a URL, or a terminal. */
const FILES: readonly string[] = [
  "a b.csv",
  " .csv ",
  "100%.csv",
  "a%20b.csv",
  "a?b#c.csv",
  "a\nb.csv",
  "-rf",
  "a'b\"c`d.csv",
  "$HOME;ls|cat&.csv",
  "*.csv",
  "\\.csv",
  "[1].csv",
  "\x1b[2J.csv",
  "\u202ecsv.csv",
  "é.csv",
  "e\u0301.csv",
  "🚕.csv",
  "...",
  "data.csv.gz",
  `${"long".repeat(62)}.csv`,
];

Deno.test("files with odd names are read, and named as they are", async (test) => {
  await using database = await ledgerDatabase();
  for (const [index, name] of FILES.entries()) {
    await test.step(encodeURI(name).slice(0, 60), async () => {
      using files = workspace({ [name]: "id,name\n1,one\nx,two\n" });
      const target = `torture.file_${index}`;
      const spec = specOf(pipelineOf({}, target, name), files.folder);
      const result = await run(database.db, spec);
      expect(result.error).toBe(null);
      const [{ file }] = await database.db.query<{ file: string }>(
        `select _source_file as file from ${target}`,
      );
      expect(file).toBe(`${files.folder}/${name}`);
      expect((await readRejects(database.db, result.run_id)).length).toBe(1);
    });
  }
});

Deno.test("schemas, tables and columns named like SQL are names and nothing else", async () => {
  await using database = await testDatabase();
  const { db } = database;
  using files = workspace({ "data.csv": 'id,"a""b","x) values (1); --"\n1,one,uno\nx,y,z\n' });
  const table = "Ta\"ble'; drop schema sluice cascade; --";
  const columns = { id: "integer", 'a"b': "text", "x) values (1); --": "text" };
  const yaml = pipelineOf(
    { columns: JSON.stringify(columns), settings: 'idempotency_key: [id, "x) values (1); --"]' },
    JSON.stringify(`torture.${table}`),
  );
  const result = await run(db, specOf(yaml, files.folder));
  expectSums(result);
  expect(result.error).toBe(null);
  const rows = await db.query(
    `select id, "a""b", "x) values (1); --" from torture.${quoteIdent(table)}`,
  );
  expect(rows).toEqual([{ id: 1, 'a"b': "one", "x) values (1); --": "uno" }]);
  const [reject] = await readRejects(db, result.run_id);
  expect(reject).toMatchObject({ line: 3, column: "id", code: "invalid_integer" });
});
