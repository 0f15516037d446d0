import { expect } from "packages/expect.ts";
import { replayRejects } from "../../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../../support/pipeline.ts";
import { ledgerDatabase } from "../../support/postgres.ts";
import { randomFrom, testSeed } from "../support.ts";
import {
  BINARY_WRITERS,
  type BinaryWriter,
  fileOf,
  partsOf,
  type Value,
  type Writer,
  WRITERS,
} from "./writers.ts";

/** Types with texts that Postgres writes as they are, the limits of each among them. */
const TYPES: readonly (readonly [type: string, texts: readonly Value[]])[] = [
  ["smallint", ["0", "-32768", "32767"]],
  ["integer", ["-2147483648", "2147483647"]],
  ["bigint", ["9223372036854775807", "9007199254740993", "-9223372036854775808"]],
  ["numeric", ["12345678901234567890123456789012345678", "0.00000000000000000001", "-1.50"]],
  ["numeric(38,4)", ["1234567890123456789012345678901234.5678", "0.0000"]],
  ["double precision", ["0.1", "-1e+300", "5e-324"]],
  ["real", ["1.5", "-0.25"]],
  ["boolean", ["true", "false"]],
  ["text", ["", " x ", "ünï 𝄞", 'a "b" \\ / c', "one\ntwo\ttab", "null", "{not json", "01", "1.0"]],
  ["varchar(3)", ["äöü", "a"]],
  ["date", ["2021-02-28", "0044-03-15"]],
  ["timestamp", ["2021-02-28 12:34:56.789"]],
  ["uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
  ["bytea", ["\\xdeadbeef"]],
  ["jsonb", [{ json: '{"a": [1, 2.50, 12345678901234567890]}' }, { json: '[{}, "é"]' }, {
    json: '"text"',
  }, { json: "12345678901234567890.5" }]],
  ["json", [{ json: '{ "b":1,"b":2 }' }, { json: "[1 , 2]" }]],
];

const NAMES = ["id", ...TYPES.map((_, t) => `c${t}`)];

function yaml({ format, file }: Pick<Writer, "format" | "file">, more = ""): string {
  return `
pipeline: things
source:
  url: ${file}
  format: ${format(NAMES)}
target: { table: shop.things, lineage: true }
refresh: { mode: full }
idempotency_key: [id]
columns:
  id: { type: integer, required: true }
${TYPES.map(([type], t) => `  c${t}: "${type}"`).join("\n")}
rejects: { limit: 100000 }
verify: full
${more}`;
}

/** A whole file. */
function write(
  writer: Writer | BinaryWriter,
  names: readonly string[],
  rows: readonly (readonly Value[])[],
): string | Uint8Array {
  if ("bytes" in writer) return writer.bytes(names, rows);
  return fileOf(writer, names, rows.map((row, at) => writer.record(names, row, at)));
}

function holds({ holds = () => true }: Writer | BinaryWriter, value: Value): boolean {
  return value === null || holds(typeof value === "string" ? value : value.json);
}

for (const writer of [...WRITERS, ...BINARY_WRITERS]) {
  Deno.test(`${writer.name}: each value of each type arrives as it is written`, async () => {
    const random = randomFrom(testSeed(`conformance ${writer.name}`));
    const rows = Array.from({ length: 300 }, (_, id): Value[] => [
      String(id),
      ...TYPES.map(([, all]) => {
        const texts = all.filter((text) => holds(writer, text));
        return random() < 0.2 ? null : texts[Math.floor(random() * texts.length)];
      }),
    ]);
    await using test = await ledgerDatabase();
    using files = workspace({ [writer.file]: write(writer, NAMES, rows) });
    const spec = specOf(yaml(writer), files.folder);
    expect(await run(test.db, spec)).toMatchObject({
      error: null,
      rows_loaded: rows.length,
      rows_rejected: 0,
    });
    const loaded = await test.db.query<Record<string, string | null>>(
      `select ${NAMES.map((name) => `${name}::text`)} from shop.things order by things.id`,
    );
    const shown = rows.map((row) =>
      row.map((v) => v !== null && typeof v === "object" ? v.json : v)
    );
    expect(loaded.map((row) => NAMES.map((name) => row[name]))).toEqual(shown);
    const [{ lines }] = await test.db.query<{ lines: number }>(
      "select count(distinct _source_line)::int as lines from shop.things",
    );
    expect(lines).toBe(rows.length);
    // The same file again is no work.
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
  });

  Deno.test(`${writer.name}: new fields and wider values are followed where the contract says so`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({
      [writer.file]: write(writer, ["id", "n", "extra"], [
        ["1", "5", null],
        ["2", "3000000000", "2021-01-01"],
      ]),
    });
    const text = `
pipeline: things
source:
  url: ${writer.file}
  format: ${writer.format(["id", "n", "extra"])}
target: { table: shop.things }
refresh: { mode: full }
columns: { id: integer, n: integer }
schema_contract: { new_columns: evolve, type_changes: evolve }
`;
    const spec = specOf(text, files.folder);
    expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 2 });
    expect(await test.db.query("select n::text, extra::text from shop.things order by id"))
      .toEqual([{ n: "5", extra: null }, { n: "3000000000", extra: "2021-01-01" }]);
    const refused = await run(
      test.db,
      specOf(text.replace("new_columns: evolve", "new_columns: freeze"), files.folder),
    );
    expect(refused.error).toMatchObject({ code: "rows/schema_mismatch" });
    expect(refused.error?.message).toContain('"extra"');
    const lacks = specOf(text.replace("n: integer", "m: integer, n: integer"), files.folder);
    const { error } = await run(test.db, lacks);
    expect(error).toMatchObject({ code: "rows/schema_mismatch" });
    expect(error?.message).toContain('lacks "m"');
  });
}

for (const writer of WRITERS) {
  Deno.test(`${writer.name}: what is wrong is a reject with its record and its place`, async () => {
    const fill = TYPES.map(() => null);
    const good = (id: string) => writer.record(NAMES, [id, ...fill], 0);
    const bad = (t: number, value: Value) =>
      writer.record(NAMES, ["70", ...fill.map((none, at) => at === t ? value : none)], 0);
    const at = (type: string) => TYPES.findIndex(([name]) => name === type);
    const faults: (readonly [string, string])[] = [
      ...writer.broken,
      [bad(at("smallint"), "32768"), "out_of_range"],
      [bad(at("integer"), "x"), "invalid_integer"],
      [bad(at("boolean"), "ja"), "invalid_boolean"],
      [bad(at("date"), "2021-02-30"), "invalid_date"],
      [bad(at("text"), "a\0b"), "nul_byte"],
      [writer.record(NAMES, [null, ...fill], 0), "required"],
    ];
    const records = [
      ...faults.flatMap(([record], n) => [good(String(n)), record]),
      // The first of each key stays.
      good("0"),
    ];
    const { before, between } = partsOf(writer, NAMES, "\r\n");
    await using test = await ledgerDatabase();
    using files = workspace({ [writer.file]: `\ufeff${fileOf(writer, NAMES, records, "\r\n")}` });
    const text = yaml(writer)
      .replace("verify: full", "schema_contract: { missing_columns: discard_value }");
    const spec = specOf(text, files.folder);
    expect(await run(test.db, spec)).toMatchObject({
      error: null,
      rows_loaded: faults.length,
      rows_rejected: faults.length + 1,
    });
    const rejects = await test.db.query<Record<string, unknown>>(
      `select line::int, byte_offset::int, code, encode(raw, 'hex') as raw
from sluice.rejected_rows order by line`,
    );
    const expected = records.flatMap((record, n) => {
      const fault = faults.find(([each]) => each === record);
      const last = n === records.length - 1;
      if (fault === undefined && !last) return [];
      const start = `\ufeff${before}${records.slice(0, n).map((each) => each + between).join("")}`;
      return [{
        line: start.split("\n").length,
        byte_offset: new TextEncoder().encode(start).length,
        code: last ? "duplicate_key" : fault![1],
        raw: new TextEncoder().encode(record).toHex(),
      }];
    });
    expect(rejects).toEqual(expected);
    // What is valid by now is loaded, once.
    const column = `c${at("boolean")}: `;
    const mended = specOf(
      text.replace(`${column}"boolean"`, `${column}{ type: boolean, true_values: [ja] }`),
      files.folder,
    );
    const { context } = testContext(test.db);
    for (const rows_loaded of [1, 0]) {
      expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded });
    }
    const loaded = await test.db.query("select from shop.things where id = 70");
    expect(loaded.length).toBe(1);
  });
}
