/** Parquet, from its bytes to the columns of Postgres. */
import { gzipSync } from "node:zlib";
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../../src/core/error.ts";
import { replayRejects } from "../../../src/run/mod.ts";
import { serveHttp } from "../../support/http_server.ts";
import { pipelineFor } from "../../inspect/support.ts";
import { run, specOf, testContext, workspace } from "../../support/pipeline.ts";
import { ledgerDatabase } from "../../support/postgres.ts";
import { randomFrom, testSeed } from "../support.ts";
import { openReader } from "../../../src/source/formats/mod.ts";
import { fixture, inMemory, OPTIONS, readRows } from "./read_rows.ts";

/** The columns of the fixtures of one table, and what `::text` makes of their first rows. */
const TABLE: readonly (readonly [name: string, type: string, texts: readonly (string | null)[]])[] =
  [
    ["id", "integer", ["0", "1", "2"]],
    ["i8", "smallint", ["-128", "127", null]],
    ["u8", "smallint", ["255", "0", "255"]],
    ["u16", "integer", ["65535", "0", "65535"]],
    ["u32", "bigint", ["4294967295", null, "4294967295"]],
    ["u64", "numeric", ["18446744073709551615", null, "18446744073709551615"]],
    ["i64", "bigint", ["9223372036854775807", "-9223372036854775808", "9007199254740993"]],
    ["whole", "integer", ["1", null, "265"]],
    ["f64", "double precision", ["0.1", "-1e+300", "5e-324"]],
    ["f32", "real", ["1.5", "-0.25", null]],
    ["b", "boolean", ["true", null, "false"]],
    ["d9", "numeric(9,2)", ["-0.05", "1234567.89", null]],
    ["d38", "numeric", ["12345678901234567890123456789.012345678", "-0.000000001", null]],
    ["date", "date", ["2021-02-28", "1582-10-14", null]],
    ["ts_ms", "timestamp", ["2021-02-28 12:34:56.789", null, "2021-02-28 12:34:56.789"]],
    ["ts_us", "timestamp", [
      "2021-02-28 12:34:56.789012",
      "1969-12-31 23:59:59.999999",
      "0001-01-01 00:00:00",
    ]],
    // Postgres has microseconds, and rounds.
    ["ts_ns", "timestamp", ["2021-02-28 12:34:56.123457", "1970-01-01 00:00:00", null]],
    ["ts_utc", "timestamptz", ["2021-02-28 12:34:56.5+00", null, "2021-02-28 12:34:56.5+00"]],
    ["t_ms", "time", ["23:59:59.999", "23:59:59.999", "23:59:59.999"]],
    ["t_us", "time", ["00:00:00.000001", null, "00:00:00.000001"]],
    ["s", "text", ["", " x ", "ünï 𝄞"]],
    ["bin", "bytea", ["\\x", "\\x00ff5c783431", null]],
    ["fix", "bytea", ["\\x61626364", "\\x61626364", "\\x61626364"]],
    ["uuid", "bytea", ["\\xa0eebc999c0b4ef8bb6d6bb9bd380a11", null, null]],
    ["list", "jsonb", ["[1, null, 2]", "[]", null]],
    ["st", "jsonb", ['{"a": 1, "b": "x\\""}', null, '{"a": null, "b": null}']],
    ["map", "jsonb", ['{"k": 1.50, "__proto__": null}', "{}", null]],
    ["deep", "jsonb", ['[[{"t": "2021-01-01 00:00:00.000001"}], null, []]', null, "[]"]],
    ["nul", "text", [null, null, null]],
  ];

const ROWS = 7;

function yaml(url: string, columns: readonly string[], more = ""): string {
  return `
pipeline: things
source: { url: "${url}", format: parquet }
target: { table: shop.things, lineage: true }
refresh: { mode: full }
columns:
${columns.map((column) => `  ${column}`).join("\n")}
verify: full
${more}`;
}

const typed = (names = TABLE.map(([name]) => name)) =>
  TABLE.filter(([name]) => names.includes(name)).map(([name, type]) => `${name}: "${type}"`);

const KINDS = ["plain", "snappy", "gzip_v2", "zstd_crc", "brotli", "lz4", "delta"];

for (const kind of KINDS) {
  Deno.test(`parquet: each type arrives with every digit (${kind})`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.parquet": fixture(kind) });
    const spec = specOf(yaml("things.parquet", typed()), files.folder);
    expect(await run(test.db, spec)).toMatchObject({
      error: null,
      rows_loaded: ROWS,
      rows_rejected: 0,
    });
    const names = TABLE.map(([name]) => name);
    const loaded = await test.db.query<Record<string, string | null>>(
      `select ${
        TABLE.map(([name, type]) =>
          type === "timestamptz"
            ? `(${name} at time zone 'UTC')::text || '+00' as ${name}`
            : `${name}::text`
        )
      } from shop.things order by things.id limit 3`,
    );
    loaded.forEach((row, r) =>
      expect(names.map((name) => [name, row[name]])).toEqual(
        TABLE.map(([name, , texts]) => [
          name,
          name === "uuid" && r === 2 ? "\\xa0eebc999c0b4ef8bb6d6bb9bd380a11" : texts[r],
        ]),
      )
    );
    const lines = await test.db.query<{ line: string }>(
      "select _source_line::text as line from shop.things order by id",
    );
    expect(lines.map(({ line }) => Number(line))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // The same file again is no work.
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  });
}

Deno.test("parquet: what a file has many of, in pages and row groups, is all there", async () => {
  const rows = await readRows(fixture("pages"));
  const expected = Array.from({ length: 20_000 }, (_, i) =>
    JSON.stringify({
      id: i,
      w: i % 7 === 0 ? null : `w${i % 13}`,
      l: Array.from({ length: i % 4 }, () => i),
      n: i % 5 === 0 ? null : i,
    }));
  expect(rows.map((row) => JSON.stringify(JSON.parse(row)))).toEqual(expected);
});

const PAGES = ["id: bigint", "w: text", "l: jsonb", "n: integer"];

Deno.test("parquet: only the columns that are wanted are read", async () => {
  const all = fixture("pages");
  const one = inMemory(all);
  const reader = openReader(OPTIONS, { columns: [{ from: "w", aliases: [] }], others: "skip" });
  let count = 0;
  for await (const batch of reader.batches!(one)) count += batch.count;
  expect(count).toBe(20_000);
  // The footer is the last 64 KiB, and what is read of a column is a small part of this file.
  expect(one.taken).toBeLessThan(all.length / 2 + (1 << 16));
  expect(reader.header).toEqual(["id", "w", "l", "n"]);
});

Deno.test("parquet: a value that does not fit is a reject with its row, row group and record", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.parquet": fixture("pages") });
  const columns = ["id: bigint", "w: text", "l: jsonb", "n: { type: smallint, max: 14000 }"];
  const text = yaml("things.parquet", columns, "rejects: { limit: 100000 }");
  const bad = 20_000 - 14_001 - Math.floor((20_000 - 14_001) / 5);
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({
    error: null,
    rows_read: 20_000,
    rows_rejected: bad,
  });
  const rejects = await test.db.query<Record<string, unknown>>(
    `select line::int, code, message, convert_from(raw, 'UTF8') as raw
from sluice.rejected_rows order by line limit 1 offset 4000`,
  );
  const [{ line, code, message, raw }] = rejects;
  const id = Number(line) - 1;
  expect(code).toBe("above_max");
  expect(message).toContain(`"${id}"`);
  expect(message).toContain(`(row ${id - 18_000 + 1} of row group 4)`);
  expect(JSON.parse(raw as string)).toEqual({
    id,
    w: id % 7 === 0 ? null : `w${id % 13}`,
    l: Array.from({ length: id % 4 }, () => id),
    n: id,
  });
  // What is valid by now is loaded, once, and equal to what the file has.
  const mended = specOf(text.replace("max: 14000", "max: 32000"), files.folder);
  const { context } = testContext(test.db);
  for (const rows_loaded of [bad, 0]) {
    expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded });
  }
  const [sum] = await test.db.query(
    `select count(*)::int as rows, sum(id)::int as ids, sum(n)::int as n, count(w)::int as words,
sum(jsonb_array_length(l))::int as items from shop.things`,
  );
  const each = Array.from({ length: 20_000 }, (_, i) => i);
  const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
  expect(sum).toEqual({
    rows: 20_000,
    ids: total(each),
    n: total(each.filter((i) => i % 5 > 0)),
    words: each.filter((i) => i % 7 > 0).length,
    items: total(each.map((i) => i % 4)),
  });
});

Deno.test("parquet: a column that was not read when a row was rejected is not NULL upon replay", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.parquet": fixture("plain") });
  const loose = "rejects: { limit: 100 }\nschema_contract: { new_columns: discard_value }";
  const before = specOf(
    yaml("things.parquet", ["id: integer", "u8: { type: smallint, max: 100 }"], loose),
    files.folder,
  );
  expect(await run(test.db, before)).toMatchObject({ error: null, rows_rejected: 4 });
  await test.db.query("alter table shop.things add column s text");
  const after = specOf(
    yaml("things.parquet", ["id: integer", "u8: smallint", "s: text"], loose),
    files.folder,
  );
  const { context } = testContext(test.db);
  const result = await replayRejects(after, undefined, context);
  expect(result).toMatchObject({ rows_loaded: 0, rows_rejected: 4 });
});

Deno.test("parquet: whole numbers that are stored as doubles become integers exactly, others are rejects", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.parquet": fixture("plain") });
  const text = yaml(
    "things.parquet",
    ["id: integer", "whole: integer", "f64: integer"],
    "rejects: { limit: 100 }\nschema_contract: { new_columns: discard_value }",
  );
  // 0.1, -1e300, 5e-324, NaN and infinity are no integers; NULL and -0 are.
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({
    error: null,
    rows_loaded: 2,
    rows_rejected: 5,
  });
  const rows = await test.db.query("select id, whole, f64 from shop.things order by id");
  expect(rows).toEqual([{ id: 3, whole: 1, f64: null }, { id: 6, whole: 1, f64: 0 }]);
});

Deno.test("parquet: the later of two rows with one key is found again", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.parquet": fixture("pages") });
  const text = yaml("things.parquet", PAGES, "idempotency_key: [w]\nrejects: { limit: 100000 }");
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({ error: null });
  const [{ rows, rejected }] = await test.db.query<{ rows: number; rejected: number }>(
    `select (select count(*)::int from shop.things) as rows,
(select count(*)::int from sluice.rejected_rows where code = 'duplicate_key') as rejected`,
  );
  expect(rows + rejected).toBe(20_000);
  const [{ raw, line }] = await test.db.query<{ raw: string; line: number }>(
    `select convert_from(raw, 'UTF8') as raw, line::int from sluice.rejected_rows
order by line desc limit 1`,
  );
  expect(JSON.parse(raw)).toMatchObject({ id: line - 1, n: line - 1 });
});

Deno.test("parquet: what the file and the pipeline disagree about is told before the first row", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.parquet": fixture("int96"),
    "none.parquet": fixture("no_rows"),
  });
  const lacks = await run(
    test.db,
    specOf(yaml("things.parquet", ["id: integer", "other: text"]), files.folder),
  );
  expect(lacks.error).toMatchObject({ code: "rows/schema_mismatch" });
  expect(lacks.error?.message).toContain('lacks "other"');
  expect(lacks.error?.message).toContain('does not know "ts_ns"');
  const empty = await run(test.db, specOf(yaml("none.parquet", typed()), files.folder));
  expect(empty).toMatchObject({ rows_read: 0, error: null });
  const evolved = specOf(
    yaml("things.parquet", ["id: integer"], "schema_contract: { new_columns: evolve }")
      .replaceAll("shop.things", "shop.evolved"),
    files.folder,
  );
  expect(await run(test.db, evolved)).toMatchObject({ error: null, rows_loaded: ROWS });
  const [{ ts }] = await test.db.query<{ ts: string }>(
    "select ts_ns::text as ts from shop.evolved where id = 0",
  );
  expect(ts).toMatch(/^2021-02-28 12:34:56\.12345/);
});

Deno.test("parquet: is read over HTTP, and out of a compressed file", async () => {
  await using test = await ledgerDatabase();
  const bytes = fixture("pages");
  await using server = serveHttp(({ path }) => ({
    body: path.endsWith(".gz") ? gzipSync(bytes) : bytes,
    headers: { etag: '"1"' },
  }));
  for (const name of ["pages.parquet", "pages.parquet.gz"]) {
    const text = yaml(`${server.origin}/${name}`, PAGES);
    expect(await run(test.db, specOf(text, "/"))).toMatchObject({
      error: null,
      rows_loaded: 20_000,
    });
  }
  using files = workspace({ "pages.parquet.gz": gzipSync(bytes) });
  const text = yaml("pages.parquet.gz", PAGES);
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({ rows_loaded: 20_000 });
});

Deno.test("parquet: a file of another kind is named", async () => {
  await using test = await ledgerDatabase();
  const cut = fixture("plain").slice(0, 3000);
  const cases: readonly (readonly [string | Uint8Array, string, string])[] = [
    ["id,s\n1,2\n", "source/other_format", "something else"],
    ["<html><body>", "source/other_format", "an HTML page"],
    ["", "source/corrupt_parquet", "0 bytes"],
    [cut, "source/corrupt_parquet", "it was cut"],
    ["PAR1", "source/corrupt_parquet", "4 bytes"],
  ];
  for (const [content, code, message] of cases) {
    using files = workspace({ "things.parquet": content });
    const { error } = await run(test.db, specOf(yaml("things.parquet", typed()), files.folder));
    expect([error?.code, error?.message]).toEqual([code, expect.stringContaining(message)]);
  }
  using files = workspace({ "things.csv": fixture("plain") });
  const csv = yaml("things.csv", typed()).replace("format: parquet", "format: csv");
  const { error } = await run(test.db, specOf(csv, files.folder));
  expect(error).toMatchObject({ code: "source/other_format" });
  expect(error?.hint).toContain("format: parquet");
});

/** Rows of a damaged file, or the code that tells it. */
async function readDamaged(bytes: Uint8Array): Promise<string[] | string> {
  try {
    return await readRows(bytes);
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}

const TOLD = [
  "source/corrupt_parquet",
  "source/parquet_not_available",
  "source/parquet_too_large",
];

for (const kind of ["plain", "gzip_v2", "delta", "pages"]) {
  Deno.test(`parquet: a file that is cut anywhere is damaged (${kind})`, async () => {
    const bytes = fixture(kind);
    const step = Math.max(1, Math.floor(bytes.length / 400));
    for (let length = 0; length < bytes.length; length += step) {
      expect([length, await readDamaged(bytes.slice(0, length))])
        .toEqual([length, "source/corrupt_parquet"]);
    }
    // The middle is gone, and both ends are there.
    const half = bytes.length >> 1;
    const holed = new Uint8Array(bytes.length - half + 4);
    holed.set(bytes.subarray(0, 4));
    holed.set(bytes.subarray(half), 4);
    expect(TOLD).toContain(await readDamaged(holed));
  });
}

for (const kind of [...KINDS, "int96", "pages"]) {
  Deno.test(`parquet: a file that lies is told, or read to its end (${kind})`, async () => {
    const random = randomFrom(testSeed(`parquet ${kind}`));
    const bytes = fixture(kind);
    const right = await readRows(bytes);
    for (let round = 0; round < (kind === "pages" ? 20 : 100); round++) {
      const broken = bytes.slice();
      for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) {
        const at = Math.floor(random() * bytes.length);
        broken[at] = random() < 0.5 ? broken[at] ^ 1 << Math.floor(random() * 8) : random() * 256;
      }
      const result = await readDamaged(broken);
      if (typeof result === "string") expect(TOLD).toContain(result);
      else expect(result.length).toBe(right.length);
    }
  });
}

Deno.test("parquet: no flipped bit of a page with a checksum goes unseen", async () => {
  const random = randomFrom(testSeed("parquet checksums"));
  const bytes = fixture("zstd_crc");
  const right = await readRows(bytes);
  const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8;
  const anyPage = Array.from(
    { length: 200 },
    () => [4 + Math.floor(random() * (bytes.length - footer - 4)), Math.floor(random() * 8)],
  );
  // Headers have no checksum: one here that says its page is of another kind, which holds no values,
  // had those of the next column taken.
  const firstHeaders = Array.from({ length: 960 }, (_, bit) => [170 + (bit >> 3), bit & 7]);
  for (const [at, bit] of [...anyPage, ...firstHeaders]) {
    const broken = bytes.slice();
    broken[at] ^= 1 << bit;
    const result = await readDamaged(broken);
    // What a header says of the least value and the like means nothing here.
    if (typeof result === "string") expect(TOLD).toContain(result);
    else expect([at, bit, result]).toEqual([at, bit, right]);
  }
});

Deno.test("parquet: several files are one load, and each reject is found in its own", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "a.parquet": fixture("pages"),
    "b.parquet.gz": gzipSync(fixture("pages")),
    "c.parquet": fixture("pages"),
  });
  const text = yaml(
    "?.parquet*",
    PAGES,
    "idempotency_key: [id]\nrejects: { limit: 100000 }",
  ).replace("?", "*");
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({
    error: null,
    rows_read: 60_000,
    rows_loaded: 20_000,
    rows_rejected: 40_000,
  });
  const rejects = await test.db.query<Record<string, unknown>>(
    `select source_url, count(*)::int as rows, count(distinct line)::int as lines,
count(*) filter (where (convert_from(raw, 'UTF8')::json ->> 'id')::int = line - 1)::int as right
from sluice.rejected_rows group by 1 order by 1`,
  );
  expect(rejects.map(({ source_url: _, ...rest }) => rest)).toEqual(
    [2, 3].map(() => ({ rows: 20_000, lines: 20_000, right: 20_000 })),
  );
});

Deno.test("parquet: a column that nobody has declared becomes what its values are, jsonb among them", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.parquet": fixture("delta") });
  const spec = specOf(
    yaml("things.parquet", ["id: integer", "bin: bytea", "fix: bytea", "uuid: bytea"], "")
      .replace("verify: full", "schema_contract: { new_columns: evolve }"),
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: ROWS });
  const types = await test.db.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = 'shop.things'::regclass and attname = any('{list,st,map,deep,date,s,b}')`,
  );
  expect(Object.fromEntries(types.map(({ name, type }) => [name, type]))).toEqual({
    list: "jsonb",
    st: "jsonb",
    map: "jsonb",
    deep: "jsonb",
    date: "date",
    s: "text",
    b: "boolean",
  });
});

Deno.test("parquet: a pipeline is written for a file, and loads all of it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "pages.parquet": fixture("pages") });
  const path = `${files.folder}/pages.parquet`;
  const text = await pipelineFor(path, "shop.pages");
  expect(text).toContain("format: parquet");
  expect(text).toContain("l: jsonb");
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({
    error: null,
    rows_loaded: 20_000,
    rows_rejected: 0,
  });
});

Deno.test("parquet: UUID, JSON, intervals and far dates are what they say, also upon replay", async () => {
  const columns = [
    "u: uuid",
    "j: jsonb",
    "iv: interval",
    "bc: date",
    "far: date",
    "txt: text",
    'd38: "numeric(38,0)"',
    "f: real",
  ];
  for (const isReplayed of [false, true]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.parquet": fixture("duckdb") });
    const text = (id: string) =>
      yaml("things.parquet", [`id: ${id}`, ...columns], "rejects: { limit: 10 }");
    const loading = specOf(
      text(isReplayed ? "{ type: integer, max: 0 }" : "integer"),
      files.folder,
    );
    expect(await run(test.db, loading)).toMatchObject({
      error: null,
      rows_rejected: isReplayed ? 2 : 0,
    });
    if (isReplayed) {
      const { context } = testContext(test.db);
      expect(await replayRejects(specOf(text("integer"), files.folder), undefined, context))
        .toMatchObject({ rows_loaded: 2 });
    }
    const names = ["u", "j", "iv", "bc", "far", "txt", "d38", "f"];
    const rows = await test.db.query(
      `select ${names.map((name) => `${name}::text`)} from shop.things order by id`,
    );
    expect(rows).toEqual([
      {
        u: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        j: '{"a": [1, 2.50]}',
        iv: "1 year 2 mons 2 days 00:00:03.004",
        bc: "0044-03-15 BC",
        far: "10000-01-01",
        txt: "ok",
        d38: "12345678901234567890123456789012345678",
        f: "1.5",
      },
      Object.fromEntries(names.map((name) => [name, null])),
    ]);
  }
});

Deno.test("parquet: a record that is too long is told at its place, and no other", async () => {
  const reader = openReader({ ...OPTIONS, maxRecordBytes: 20 });
  const lines: number[] = [];
  const offsets: number[] = [];
  let long = 0;
  for await (const batch of reader.batches!(inMemory(fixture("pages")))) {
    const all = [
      ...batch.malformed.map(({ line, byteOffset }) => [line, byteOffset]),
      ...Array.from(
        { length: batch.count },
        (_, r) => [batch.lines[r], batch.base + batch.recordStarts[r]],
      ),
    ].sort(([a], [b]) => a - b);
    for (const { code } of batch.malformed) expect(code).toBe("record_too_long");
    for (let r = 0; r < batch.count; r++) {
      const raw = new TextDecoder().decode(batch.raw!(r));
      expect(JSON.parse(raw).id).toBe(batch.lines[r] - 1);
      expect(batch.recordEnds[r] - batch.recordStarts[r]).toBeLessThanOrEqual(20);
    }
    long += batch.malformed.length;
    lines.push(...all.map(([line]) => line));
    offsets.push(...all.map(([, offset]) => offset));
  }
  expect(lines).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
  expect(offsets.every((offset, at) => at === 0 || offset > offsets[at - 1])).toBe(true);
  expect(long).toBeGreaterThan(5_000);
  expect(long).toBeLessThan(15_000);
  expect(reader.end).toBeGreaterThan(offsets.at(-1)!);
});
