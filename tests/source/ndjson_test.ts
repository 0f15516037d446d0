import { expect } from "packages/expect.ts";
import type { RecordBatch } from "../../src/rows/record_batch.ts";
import { openReader } from "../../src/source/formats/mod.ts";
import type { NdjsonOptions } from "../../src/spec/formats/ndjson.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { jsonField, split } from "./read_records.ts";
import { bytesOf, randomFrom, testSeed } from "./support.ts";

const NDJSON: NdjsonOptions = {
  type: "ndjson",
  nullValues: [],
  trim: false,
  encoding: "utf-8",
  maxRecordBytes: 1 << 20,
};

interface Read {
  readonly header: readonly string[];
  readonly lines: number[];
  readonly raws: string[];
  readonly fields: string[][];
  readonly malformed: string[];
}

function read(chunks: Iterable<Uint8Array>, options: Partial<NdjsonOptions> = {}): Read {
  const reader = openReader({ ...NDJSON, ...options });
  const lines: number[] = [];
  const raws: string[] = [];
  const malformed: string[] = [];
  const fields: ((width: number) => string[])[] = [];
  function take(batch: RecordBatch | null) {
    if (batch === null) return;
    for (let r = 0; r < batch.count; r++) {
      lines.push(batch.lines[r]);
      raws.push(
        new TextDecoder().decode(batch.bytes.slice(batch.recordStarts[r], batch.recordEnds[r])),
      );
      const known = reader.header!.map((_, f) => jsonField(batch, r, f));
      fields.push((width) => [...known, ...Array(width - known.length).fill("-")]);
    }
    malformed.push(...batch.malformed.map(({ line, code }) => `${line} ${code}`));
  }
  for (const chunk of chunks) {
    const lent = chunk.slice();
    take(reader.push(lent));
    lent.fill(0x21);
  }
  take(reader.finish());
  const header = reader.header!;
  return { header, lines, raws, malformed, fields: fields.map((each) => each(header.length)) };
}

Deno.test("ndjson reads what JSON.parse reads, wherever the bytes are cut", () => {
  const random = randomFrom(testSeed("ndjson_test"));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const strings = ["", "a", "ünï", "𝄞", 'q"b\\n', "\u0000", "\u2028", "}{", "a,b", "\t\r\n"];
  const escaped = (text: string) =>
    random() < 0.5 ? JSON.stringify(text) : `"${
      Array.from(
        { length: text.length },
        (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
      ).join("")
    }"`;
  const numbers = ["0", "-0", "1.50", "1e400", "123456789012345678901234567890", "-12E-3"];
  const others = ["true", "false", "null", "{}", "[]", '{"a": [1, {"b": null}]}', '["}", "\\""]'];
  const blank = () => pick(["", "", " ", "\t"]);
  for (let round = 0; round < 300; round++) {
    const expected: { line: number; fields: Map<string, string> }[] = [];
    const malformed: string[] = [];
    const lines: string[] = [];
    const size = Math.floor(random() * 8);
    for (let line = 1; line <= size; line++) {
      const kind = random();
      if (kind < 0.1) {
        lines.push(pick(["", " ", "\t "]));
        continue;
      }
      if (kind < 0.2) {
        const [text, code] = pick([
          ['{"a":1', "malformed_json"],
          ['{"a":01}', "malformed_json"],
          ["{'a':1}", "malformed_json"],
          ['{"a":1,}', "malformed_json"],
          ['{"a":"\\x"}', "malformed_json"],
          ['{"a":1}}', "malformed_json"],
          ["nul", "malformed_json"],
          ["1", "not_an_object"],
          ["[{}]", "not_an_object"],
          ['{"b":1,"b":null}', "repeated_key"],
        ]);
        lines.push(text);
        malformed.push(`${line} ${code}`);
        continue;
      }
      const fields = new Map<string, string>();
      const members: string[] = [];
      for (
        const name of [
          "a",
          "ab",
          'a"',
          "a\\",
          "b",
          "é",
          'k"ey',
          "k",
          `n${Math.floor(random() * 20)}`,
        ]
      ) {
        if (random() < 0.4) continue;
        const string = pick(strings);
        const isString = random() < 0.5;
        const value = isString ? escaped(string) : pick([...numbers, ...others]);
        fields.set(name, isString ? JSON.stringify(string) : value);
        members.push(`${blank()}${escaped(name)}${blank()}:${blank()}${value}${blank()}`);
      }
      members.sort(() => random() - 0.5);
      const text = `${blank()}{${members.join(",")}}${blank()}`;
      JSON.parse(text);
      lines.push(text);
      expected.push({ line, fields });
    }
    const file = bytesOf(
      (random() < 0.3 ? "\ufeff" : "") + lines.join(pick(["\n", "\r\n"])) +
        pick(["", "\n"]),
    );
    const places = Array.from(
      { length: Math.floor(random() * 6) },
      () => Math.floor(random() * file.length),
    );
    const found = read(split(file, places));
    expect(found.malformed).toEqual(malformed);
    expect(found.lines).toEqual(expected.map(({ line }) => line));
    for (const [r, { fields }] of expected.entries()) {
      const names = found.header.filter((_, f) => found.fields[r][f] !== "-");
      expect(new Set(names)).toEqual(new Set(fields.keys()));
      for (const name of names) {
        expect(found.fields[r][found.header.indexOf(name)]).toBe(fields.get(name));
      }
    }
  }
});

Deno.test("ndjson leaves a record that is too long, in bounded memory, and reads on", () => {
  for (const size of [1, 100, 5_000]) {
    const file = bytesOf(
      `{"a":1}\n{"a":"${"x".repeat(3_000)}"}\n{"a":2}\n{"a":"${"y".repeat(2_000)}`,
    );
    const places = Array.from({ length: file.length / size }, (_, i) => (i + 1) * size);
    const { fields, malformed, lines } = read(split(file, places), { maxRecordBytes: 1024 });
    expect(fields).toEqual([["1"], ["2"]]);
    expect(lines).toEqual([1, 3]);
    expect(malformed).toEqual(["2 record_too_long", "4 record_too_long"]);
  }
});

function yaml(columns: string, more = ""): string {
  return `
pipeline: things
source: { url: things.jsonl, format: ndjson }
target: { table: shop.things }
refresh: { mode: full }
columns: { ${columns} }
rejects: { limit: 100 }
${more}`;
}

Deno.test("ndjson: texts that are none, as Postgres has them, are rejects of their column", async () => {
  await using test = await ledgerDatabase();
  const line = (value: string) => [...bytesOf(`{"id": 1, "t": ${value}}\n`)];
  using files = workspace({
    "things.jsonl": Uint8Array.from([
      ...line('"\\ud800"'),
      ...line('"\\udc00\\ud800"'),
      ...line('"\\u0000"'),
      ...bytesOf('{"id": 1, "t": "'),
      0xff,
      ...bytesOf('"}\n'),
      ...line('"\\ud834\\udd1e"'),
      ...line('{"a": 1.50}'),
      ...line("1.50"),
    ]),
  });
  expect(await run(test.db, specOf(yaml("id: integer, t: text"), files.folder)))
    .toMatchObject({ error: null, rows_loaded: 3, rows_rejected: 4 });
  expect(await test.db.query("select column_name, code from sluice.rejected_rows order by line"))
    .toEqual(["invalid_utf8", "invalid_utf8", "nul_byte", "invalid_utf8"]
      .map((code) => ({ column_name: "t", code })));
  const loaded = await test.db.query<{ t: string }>("select t from shop.things");
  expect(loaded.map(({ t }) => t).sort()).toEqual(["1.50", '{"a": 1.50}', "𝄞"].sort());
});

Deno.test("ndjson: a missing key is told from null where the contract leaves records out", async () => {
  const file =
    '{"id": 1, "n": null}\n{"id": 2}\n{"id": 3, "n": 5, "x": null}\n{"id": 4, "n": 5, "x": 0}\n';
  await using test = await ledgerDatabase();
  using files = workspace({ "things.jsonl": file });
  const load = async (contract: string, columns = "id: integer, n: integer") => {
    const result = await run(
      test.db,
      specOf(yaml(columns, `schema_contract: { ${contract} }`), files.folder),
    );
    if (result.error !== null) return result.error.code;
    const rows = await test.db.query<{ id: number }>("select id from shop.things order by id");
    return rows.map(({ id }) => id);
  };
  expect(await load("new_columns: freeze")).toBe("rows/schema_mismatch");
  expect(await load("new_columns: discard_value")).toEqual([1, 2, 3, 4]);
  expect(await load("new_columns: discard_row")).toEqual([1, 2, 3]);
  expect(await load("new_columns: discard_value, missing_columns: discard_row"))
    .toEqual([1, 3, 4]);
  files.write("things.jsonl", file.replaceAll('"n"', '"N"'));
  expect(await load("new_columns: discard_value")).toBe("rows/schema_mismatch");
  expect(
    await load("new_columns: discard_value", "id: integer, n: { type: integer, from: [n, N] }"),
  )
    .toEqual([1, 2, 3, 4]);
  files.write("things.jsonl", '{"other": 1}\n');
  expect(await load("new_columns: discard_value, missing_columns: discard_value"))
    .toBe("rows/schema_mismatch");
});

Deno.test("ndjson: files of another kind are named", async () => {
  await using test = await ledgerDatabase();
  for (
    const [text, says] of [
      ['[{"id": 1}]', "list"],
      ['{\n  "id": 1\n}\n', "line breaks"],
      ["id,n\n1,2\n", "CSV"],
      ["<html><body>", "HTML"],
    ]
  ) {
    using files = workspace({ "things.jsonl": text });
    const { error } = await run(test.db, specOf(yaml("id: integer"), files.folder));
    expect(error).toMatchObject({ code: "source/other_format" });
    expect(error?.message).toContain(says);
  }
});
