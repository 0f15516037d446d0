import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { randomFrom } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase, testDatabase } from "../support/postgres.ts";
import { testSeed } from "../support/seed.ts";

// Rows that Postgres refuses while they are copied become rejects; the rest of the load goes on.

interface Refusal {
  readonly what: string;
  readonly encoding?: string;
  /** Of the column that is refused, and its type in YAML. */
  readonly type: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
  readonly code: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "characters that LATIN1 lacks",
    encoding: "LATIN1",
    type: "text",
    good: ["Zoë", "plain", ""],
    bad: ["5 €", "日本", "😀"],
    code: "sqlstate:22P05",
  },
  {
    what: "characters that WIN1252 lacks",
    encoding: "WIN1252",
    type: "varchar(10)",
    good: ["5 €", "Zoë"],
    bad: ["日本", "ł"],
    code: "sqlstate:22P05",
  },
  {
    what: "characters that EUC_JP lacks",
    encoding: "EUC_JP",
    type: "char(4)",
    good: ["日本", "abcd"],
    bad: ["한국", "😀"],
    code: "sqlstate:22P05",
  },
  {
    what: "escapes in JSON that LATIN1 lacks",
    encoding: "LATIN1",
    type: "jsonb",
    good: [`{"a":"\\u00eb"}`, "[1]"],
    bad: [`{"a":"\\u65e5"}`, `["日"]`],
    code: "sqlstate:22P05",
  },
  {
    what: "lengths that SQL_ASCII counts in bytes",
    encoding: "SQL_ASCII",
    type: "varchar(3)",
    good: ["Zoe", "Zö", "abc"],
    bad: ["Zoë", "ëë", "日本"],
    code: "sqlstate:22001",
  },
];

function yaml(type: string, mode: string, more = ""): string {
  return `
pipeline: rooms
source: { url: rooms.csv }
target: { table: shop.rooms }
refresh: { mode: ${mode} }
${mode === "upsert" ? "idempotency_key: [id]" : ""}
columns: { id: { type: integer, required: true }, "a, line 1, b": "${type}" }
rejects: { limit: 90% }
${more}
`;
}

function csv(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}

/** That the rows with these numbers, from 1, are rejects and the others are there. */
async function expectRefused(
  test: TestDatabase,
  spec: PipelineSpec,
  records: readonly string[],
  bad: readonly number[],
  { code, column }: { code: string; column: string | null },
): Promise<void> {
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(result).toMatchObject({
    rows_read: records.length,
    rows_loaded: records.length - bad.length,
    rows_rejected: bad.length,
  });
  const { rows } = await readRejects(test.db, spec, { limit: 100_000 });
  expect(rows.map(({ line, code, column }) => [line - 1, code, column]))
    .toEqual(bad.map((at) => [at, code, column]));
  expect(rows.map(({ raw }) => raw)).toEqual(bad.map((at) => records[at - 1]));
  const loaded = await test.db.query<{ id: number }>("select id from shop.rooms order by id");
  expect(loaded.map(({ id }) => id))
    .toEqual(records.map((_record, at) => at + 1).filter((id) => !bad.includes(id)));
}

for (const { what, encoding, type, good, bad, code } of REFUSALS) {
  for (const mode of ["full", "append", "upsert"]) {
    Deno.test(`${mode}: ${what} are rejects with line and column`, async () => {
      await using test = await testDatabase(encoding);
      const seed = testSeed();
      const random = randomFrom(seed);
      const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
      const wrong: number[] = [];
      const records = Array.from({ length: 500 }, (_, at) => {
        if (random() >= 0.03 && at !== 7 && at !== 8) return `${at + 1},${csv(pick(good))}`;
        wrong.push(at + 1);
        return `${at + 1},${csv(pick(bad))}`;
      });
      using files = workspace({
        "rooms.csv": `id,"a, line 1, b"\n${records.join("\n")}\n`,
      });
      const spec = specOf(yaml(type, mode, "verify: full"), files.folder);
      await expectRefused(test, spec, records, wrong, { code, column: "a, line 1, b" });
      const values = await test.db.query<{ id: number; value: string }>(
        `select id, "a, line 1, b"::text as value from shop.rooms order by id`,
      );
      if (type === "jsonb") return;
      expect(values.map(({ id, value }) => `${id},${csv((value ?? "").trimEnd())}`))
        .toEqual(records.filter((_record, at) => !wrong.includes(at + 1)));
    });
  }
}

const WIDE = 1_200;

/** A row of many texts: long ones are too many for a page, although each could be stored. */
function wide(id: number, length: number): string {
  return `${id},${Array.from({ length: WIDE }, () => "x".repeat(length)).join(",")}`;
}

for (const mode of ["full", "append", "upsert"]) {
  Deno.test(`${mode}: rows that are too big for a page are rejects with their line`, async () => {
    await using test = await ledgerDatabase();
    const bad = [3, 4, 77, 150];
    const records = Array.from(
      { length: 150 },
      (_, at) => wide(at + 1, bad.includes(at + 1) ? 40 : 1),
    );
    const names = Array.from({ length: WIDE }, (_, at) => `c${at}`);
    using files = workspace({ "rooms.csv": `id,${names.join(",")}\n${records.join("\n")}\n` });
    const columns = names.map((name) => `${name}: text`).join(", ");
    const spec = specOf(
      yaml("text", mode).replace(`"a, line 1, b": "text"`, columns),
      files.folder,
    );
    await expectRefused(test, spec, records, bad, { code: "sqlstate:54000", column: null });
  });
}

Deno.test("rows that COPY refuses, rules and duplicates are told apart and counted once", async () => {
  await using test = await testDatabase("LATIN1");
  using files = workspace({
    "rooms.csv": "id,name\n1,a\n2,€\n1,b\nx,c\n3,bad\n1,日\n4,d\n5,too long to index\n",
  });
  const spec = specOf(
    `
pipeline: rooms
source: { url: rooms.csv }
target: { table: shop.rooms }
refresh: { mode: full }
idempotency_key: [id]
on_duplicate: reject
columns: { id: integer, name: text }
rules: { good: name <> 'bad' }
rejects: { limit: 90% }
`,
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({
    status: "succeeded",
    rows_read: 8,
    rows_loaded: 3,
    rows_rejected: 5,
  });
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  expect(rows.map(({ line, code }) => [line, code]).sort()).toEqual([
    [3, "sqlstate:22P05"],
    [4, "duplicate_key"],
    [5, "invalid_integer"],
    [6, "rule:good"],
    [7, "sqlstate:22P05"],
  ]);
});

Deno.test("rows that COPY refuses count against the limit, and nothing is published over it", async () => {
  await using test = await testDatabase("LATIN1");
  using files = workspace({ "rooms.csv": `id,"a, line 1, b"\n1,a\n2,€\n3,日\n` });
  const text = yaml("text", "full");
  expect(await run(test.db, specOf(text.replace("90%", "1"), files.folder))).toMatchObject({
    status: "refused",
    rows_rejected: 2,
    error: { code: "rows/too_many_rejects" },
  });
  expect(await test.db.query("select tablename from pg_tables where tablename like 'rooms\\_\\_%'"))
    .toEqual([]);
  expect(await run(test.db, specOf(text.replace("90%", "2"), files.folder))).toMatchObject({
    status: "succeeded",
    rows_loaded: 1,
  });
});

Deno.test("full: a value too long for an index that somebody made is its row's fault only", async () => {
  await using test = await ledgerDatabase();
  const random = randomFrom(1);
  const long = Array.from({ length: 20_000 }, () => random().toString(36).slice(2, 5)).join("");
  const name = `"a, line 1, b"`;
  using files = workspace({ "rooms.csv": `id,${name}\n1,a\n` });
  const spec = specOf(yaml("text", "full"), files.folder);
  await run(test.db, spec);
  await test.db.query(`create index on shop.rooms (${name}) where id > 1;
create index on shop.rooms ((12 / (id - 7)))`);
  const records = [`1,${long}`, `2,${long}`, "3,c", "4,d", "5,e", "6,f", "7,g", "8,h"];
  files.write("rooms.csv", `id,${name}\n${records.join("\n")}\n`);
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  expect(rows.map(({ line, code }) => [line, code])).toEqual([
    [3, "sqlstate:54000"],
    [8, "sqlstate:22012"],
  ]);
  const left = await test.db.query(
    "select indexname from pg_indexes where indexname like '%\\_t_'",
  );
  expect(left).toEqual([]);
});

Deno.test("the ledger tells what the database's encoding cannot hold with escapes", async () => {
  await using test = await testDatabase("LATIN1");
  const text = yaml("text", "full").replace("rooms.csv", "räume 日.csv")
    .replace("table: shop.rooms", "table: shop.rooms, lineage: true");
  using files = workspace({ "räume 日.csv": `id,"a, line 1, b"\n1,Zoë\n日本,a\n3,日\n4,b\n` });
  const spec = specOf(text, files.folder);
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(result).toMatchObject({ rows_loaded: 2, rows_rejected: 2 });
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  expect(rows.map(({ line, message, raw }) => [line, message, raw])).toEqual([
    [3, expect.stringContaining("\\u65e5\\u672c"), "日本,a"],
    [4, expect.stringContaining("has no equivalent"), "3,日"],
  ]);
  const [{ url, file }] = await test.db.query<{ url: string; file: string }>(
    `select (select source_url from sluice.loads) as url,
  (select min(_source_file) from shop.rooms) as file`,
  );
  expect(url).toMatch(/r\\u00e4ume \\u65e5\.csv$/);
  expect(file).toBe(url);
  // What is recorded is what is compared.
  expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  const refused = specOf(text.replace("90%", "0"), files.folder);
  expect(await run(test.db, refused, { force: true })).toMatchObject({ status: "refused" });
  const [last] = await test.db.query<{ status: string; error: { code: string } }>(
    "select status, error from sluice.runs order by started_at desc limit 1",
  );
  expect([last.status, last.error.code]).toEqual(["refused", "rows/too_many_rejects"]);
});

Deno.test("an error whose message the database's encoding cannot hold is recorded", async () => {
  await using test = await testDatabase("LATIN1");
  using files = workspace({ "rooms.csv": `日本,x\n1,2\n` });
  const result = await run(test.db, specOf(yaml("text", "full"), files.folder));
  expect(result).toMatchObject({ status: "failed", error: { code: "rows/schema_mismatch" } });
  expect(result.error?.message).toContain("日本");
  const [{ message }] = await test.db.query<{ message: string }>(
    "select error ->> 'message' as message from sluice.runs",
  );
  expect(message).toContain("\\u65e5\\u672c");
});
