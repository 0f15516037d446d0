/** Loads of several files: patterns, lists, and archives. */
import { expect } from "packages/expect.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { gzipSync } from "node:zlib";
import { bytesOf, randomFrom, testSeed } from "../source/support.ts";
import { zipOf } from "../source/zip_writer.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const YAML = (source: string, more = "") => `
pipeline: parts
source: ${source}
target: { table: shop.parts, lineage: true }
refresh: { mode: full }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
rejects: { limit: 100% }
verify: full
${more}`;

interface Part {
  readonly id: number;
  readonly name: string;
  readonly _source_file: string;
  readonly _source_line: number;
}

const PARTS = `select id, name, _source_file, _source_line::int from shop.parts order by id`;
const FILES = `select position, source_url, bytes::int, sha256, rows_read::int, rows_rejected::int
from sluice.load_files order by id`;
const REJECTS =
  `select source_url, line::int, byte_offset::int, code, convert_from(raw, 'UTF8') as raw
from sluice.rejected_rows order by source_url, line`;

Deno.test("several files are one load: each row, reject and account names its file", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "part-1.csv": "id,name\n1,a\nx,bad\n2,b\n",
    // Another order, another compression, and a line more before its rows.
    "part-2.csv.gz": new Uint8Array(gzipSync("name,id\nc,3\nd,1\ne,no\n")),
    "part-3.csv": "id,name\n",
    "other.csv": "id,name\n99,z\n",
  });
  const at = (name: string) => `${files.folder}/${name}`;
  for (
    const source of [
      '{ url: "part-*" }',
      `{ url: [part-1.csv, part-2.csv.gz, "part-3.*"] }`,
    ]
  ) {
    const spec = specOf(YAML(source), files.folder);
    const result = await run(test.db, spec);
    expect(result).toMatchObject({
      error: null,
      status: "succeeded",
      rows_read: 6,
      rows_loaded: 3,
      rows_rejected: 3,
    });
    expect(await test.db.query<Part>(PARTS)).toEqual([
      { id: 1, name: "a", _source_file: at("part-1.csv"), _source_line: 2 },
      { id: 2, name: "b", _source_file: at("part-1.csv"), _source_line: 4 },
      { id: 3, name: "c", _source_file: at("part-2.csv.gz"), _source_line: 2 },
    ]);
    expect(await test.db.query(REJECTS)).toEqual([
      {
        source_url: at("part-1.csv"),
        line: 3,
        byte_offset: 12,
        code: "invalid_integer",
        raw: "x,bad",
      },
      {
        source_url: at("part-2.csv.gz"),
        line: 3,
        byte_offset: 12,
        code: "duplicate_key",
        raw: "d,1",
      },
      {
        source_url: at("part-2.csv.gz"),
        line: 4,
        byte_offset: 16,
        code: "invalid_integer",
        raw: "e,no",
      },
    ]);
    const accounts = await test.db.query<Record<string, unknown>>(FILES);
    expect(accounts.map(({ sha256: _, ...rest }) => rest)).toEqual([
      { position: 1, source_url: at("part-1.csv"), bytes: 22, rows_read: 3, rows_rejected: 1 },
      {
        position: 2,
        source_url: at("part-2.csv.gz"),
        bytes: Deno.statSync(at("part-2.csv.gz")).size,
        rows_read: 3,
        rows_rejected: 2,
      },
      { position: 3, source_url: at("part-3.csv"), bytes: 8, rows_read: 0, rows_rejected: 0 },
    ]);
    expect(result.partitions[0].files).toEqual(
      accounts.map(({ position: _, ...rest }) => rest),
    );
    // Known again by what the files are, and read again by nobody.
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged", rows_read: 0 });
    // What is valid by now is loaded once, each with the names of its own file's fields.
    const { context } = testContext(test.db);
    const mended = specOf(
      YAML(source).replace("type: integer,", 'type: integer, null_values: [x, no], default: "7",'),
      files.folder,
    );
    let replayed = 0;
    for (let round = 0; round < 3; round++) {
      replayed += (await replayRejects(mended, undefined, context)).rows_loaded;
    }
    expect(replayed).toBe(1);
    const [seven] = await test.db.query<Part>(
      `select id, name, _source_file, _source_line::int from shop.parts where id = 7`,
    );
    expect([["bad", at("part-1.csv"), 3], ["e", at("part-2.csv.gz"), 4]]).toContainEqual(
      [seven.name, seven._source_file, seven._source_line],
    );
    for (const table of ["load_files", "rejected_rows", "reject_headers"]) {
      await test.db.query(`delete from sluice.${table}`);
    }
    await test.db.query("delete from sluice.loads");
    await test.db.query("drop table shop.parts");
  }
});

Deno.test("several files: one more, one changed and one gone are noticed", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "in.1.csv": "id,name\n1,a\n", "in.2.csv": "id,name\n2,b\n" });
  const spec = specOf(YAML('{ url: "in.[0-9].csv" }'), files.folder);
  const ids = async () =>
    (await test.db.query<Part>(PARTS)).map(({ id, name }) => `${id}${name}`).join(" ");
  const steps: readonly (readonly [() => void, string, string])[] = [
    [() => {}, "succeeded", "1a 2b"],
    [() => files.write("in.3.csv", "id,name\n3,c\n"), "succeeded", "1a 2b 3c"],
    [() => files.write("in.2.csv", "id,name\n2,B\n"), "succeeded", "1a 2B 3c"],
    [() => Deno.removeSync(`${files.folder}/in.1.csv`), "succeeded", "2B 3c"],
    [() => files.write("in.x.csv", "id,name\n4,d\n"), "unchanged", "2B 3c"],
  ];
  for (const [change, status, found] of steps) {
    change();
    expect(await run(test.db, spec)).toMatchObject({ error: null, status });
    expect(await ids()).toBe(found);
  }
  for (const name of ["in.2.csv", "in.3.csv"]) Deno.removeSync(`${files.folder}/${name}`);
  const none = await run(test.db, spec);
  expect(none.error).toMatchObject({ code: "source/not_found" });
  expect(none.error?.message).toContain("in.[0-9].csv");
  expect(await ids()).toBe("2B 3c");
});

Deno.test("several files: patterns by partition; a partition without a file waits", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  Deno.mkdirSync(`${files.folder}/2021/01/a`, { recursive: true });
  Deno.mkdirSync(`${files.folder}/2021/02`, { recursive: true });
  files.write("2021/01/1.csv", "id,name\n1,a\n");
  files.write("2021/01/a/2.csv", "id,name\n2,b\n");
  files.write("2021/01/.hidden.csv", "id,name\n3,c\n");
  Deno.mkdirSync(`${files.folder}/2021/01/folder.csv`);
  Deno.symlinkSync(`${files.folder}/2021/01/1.csv`, `${files.folder}/2021/02/link.csv`);
  // A circle.
  Deno.symlinkSync(`${files.folder}/2021`, `${files.folder}/2021/01/a/up`);
  const spec = specOf(
    YAML('{ url: "{month:yyyy}/{month:MM}/**/*.csv" }')
      .replace(
        "refresh: { mode: full }",
        "partitions: { by: month, from: 2021-01, to: 2021-03, missing: pending }",
      ),
    files.folder,
  );
  const result = await run(test.db, spec);
  expect(result.error).toBe(null);
  expect(result.partitions.map(({ status, files }) => [status, files?.length ?? null])).toEqual([
    ["published", 2],
    ["published", 1],
    ["pending", null],
  ]);
});

Deno.test("several files: members of a zip archive, and nothing else of it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "all.zip": zipOf([
      { name: "readme.txt", bytes: bytesOf("not this") },
      { name: "b/2.csv", bytes: bytesOf("id,name\n2,b\nx,\n"), behind: "signed" },
      { name: "a/1.csv", bytes: bytesOf("name,id\na,1\nb,2\n") },
    ]),
  });
  const spec = specOf(YAML('{ url: all.zip, members: "*/*.csv" }'), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 2, rows_rejected: 2 });
  const zip = `${files.folder}/all.zip`;
  expect(await test.db.query(PARTS)).toEqual([
    { id: 1, name: "a", _source_file: `${zip}#a/1.csv`, _source_line: 2 },
    { id: 2, name: "b", _source_file: `${zip}#b/2.csv`, _source_line: 2 },
  ]);
  expect(await test.db.query(REJECTS)).toMatchObject([
    { source_url: `${zip}#a/1.csv`, line: 3, byte_offset: 12, code: "duplicate_key", raw: "b,2" },
    { source_url: `${zip}#b/2.csv`, line: 3, byte_offset: 12, code: "invalid_integer", raw: "x," },
  ]);
  expect(await test.db.query(FILES)).toMatchObject([
    { position: 1, source_url: `${zip}#b/2.csv`, bytes: 15, rows_read: 2, rows_rejected: 1 },
    { position: 2, source_url: `${zip}#a/1.csv`, bytes: 16, rows_read: 2, rows_rejected: 1 },
  ]);
  expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  const two = ["1.csv", "2.csv"].map((name) => ({ name, bytes: bytesOf("id,name\n1,a\n") }));
  files.write("two.zip", zipOf(two));
  for (
    const [members, code, part] of [
      ['"*.tsv"', "source/no_member", '"readme.txt"'],
      ["", "source/several_files", '"1.csv" and "2.csv"'],
    ] as const
  ) {
    const other = members === "" ? "{ url: two.zip }" : `{ url: all.zip, members: ${members} }`;
    const { error } = await run(test.db, specOf(YAML(other), files.folder));
    expect([error?.code, error?.message.includes(part) || error?.hint?.includes(part)])
      .toEqual([code, true]);
  }
  files.write("plain.csv", "id,name\n1,a\n");
  const plain = await run(
    test.db,
    specOf(YAML('{ url: plain.csv, members: "*" }'), files.folder),
  );
  expect(plain.error?.code).toBe("source/wrong_compression");
});

Deno.test("several files: what is wrong with one of them is told by its name", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "1.csv": "id,name\n1,a\n", "3.csv": "id,name\n2,b\n" });
  const wrong: (readonly [string | Uint8Array, string])[] = [
    ["id;name\n1;a\n", "rows/schema_mismatch"],
    ["", "source/empty_file"],
    ['"id\n', "source/malformed_header"],
    ["<html><body>", "source/other_format"],
    [new Uint8Array(gzipSync("id,name\n")).subarray(0, 20), "source/corrupt_compression"],
  ];
  const spec = specOf(YAML('{ url: "?.csv" }'), files.folder);
  for (const [content, code] of wrong) {
    files.write("2.csv", content);
    const { error } = await run(test.db, spec);
    expect([error?.code, error?.message.includes(`${files.folder}/2.csv`)]).toEqual([code, true]);
  }
});

Deno.test("several files: columns follow all of them where the contract says so", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "a.csv": "id,name,extra\n1,a,5\n",
    "b.csv": "id,name\n3000000000,b\n",
    "c.csv": "more,id,name\n2021-01-01,3,c\n",
  });
  const spec = specOf(
    YAML('{ url: "?.csv" }', "schema_contract: { new_columns: evolve, type_changes: evolve }"),
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 3 });
  expect(
    await test.db.query(
      "select id::text, extra::text, more::text from shop.parts order by parts.id",
    ),
  ).toEqual([
    { id: "1", extra: "5", more: null },
    { id: "3", extra: null, more: "2021-01-01" },
    { id: "3000000000", extra: null, more: null },
  ]);
});

Deno.test("several files hold together what one file of their rows would", async () => {
  const random = randomFrom(testSeed("several_files_test"));
  await using test = await ledgerDatabase();
  using files = workspace();
  const rows = Array.from(
    { length: 3000 },
    (_, at) => random() < 0.05 ? `x${at},bad` : `${Math.floor(random() * 2500)},"n ${at}\n${at}"`,
  );
  files.write("whole.csv", `id,name\n${rows.join("\n")}\n`);
  let count = 0;
  for (let at = 0; at < rows.length;) {
    const next = at + Math.floor(random() * 700);
    const text = `id,name\n${rows.slice(at, next).map((row) => `${row}\n`).join("")}`;
    files.write(`split-${String(count++).padStart(3, "0")}.csv`, text);
    at = next;
  }
  const table = async (url: string) => {
    const yaml = YAML(`{ url: "${url}" }`, "rules: { odd: id % 7 <> 3 }");
    const result = await run(test.db, specOf(yaml, files.folder), { force: true });
    expect(result.error).toBe(null);
    const { rows_read, rows_loaded, rows_rejected } = result;
    const rejects = await test.db.query(
      `select code, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows
where run_id = $1 order by 1, 2`,
      [result.run_id],
    );
    return {
      counts: { rows_read, rows_loaded, rows_rejected },
      rejects,
      rows: await test.db.query("select id, name from shop.parts order by id"),
    };
  };
  expect(await table("split-*.csv")).toEqual(await table("whole.csv"));
});
