import { expect } from "packages/expect.ts";
import type { ConstantColumn } from "../../src/plan/load_plan.ts";
import { compileRows } from "../../src/rows/compile_rows.ts";
import { COPY_HEADER, COPY_TRAILER } from "../../src/core/copy_format.ts";
import { Frame } from "../../src/rows/frame.ts";
import { parseColumnType } from "../../src/spec/column_type.ts";
import { testDatabase } from "../support/postgres.ts";
import { splitRecords } from "./split_records.ts";

/** Per type, texts that must arrive in a table as Postgres itself reads them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  smallint: ["-32768", "32767", "0"],
  integer: ["-2147483648", "2147483647", "+7"],
  bigint: ["-9223372036854775808", "9223372036854775807", "-4294967296"],
  real: ["3.4028235e38", "1e-45", "NaN", "-Infinity", "-0"],
  "double precision": ["1.7976931348623157e308", "5e-324", "0.1", "NaN", "inf"],
  numeric: ["-0.00001", "99999999999999999999999999999999999999.5", "NaN", "Infinity", "1e-20"],
  "numeric(10,2)": ["99999999.994", "-0.005", "12345", "NaN"],
  "numeric(38,18)": ["99999999999999999999.999999999999999999", "-1e-18"],
  boolean: ["t", "off", "YES"],
  text: ["", "äöü€😀", "a\\b", "  x "],
  "varchar(3)": ["abc", "é😀ß   "],
  "char(3)": ["a", "abc "],
  date: ["2020-02-29", "4714-11-24 BC", "5874897-12-31", "infinity", "-infinity"],
  time: ["24:00:00", "00:00:00.000001", "235959.9999995"],
  timestamp: ["4714-11-24 BC", "294276-12-31 23:59:59.999999", "infinity", "20210131T010203"],
  timestamptz: ["2021-06-30 12:00:00+05:30", "2021-06-30", "-infinity", "0001-01-01 BC"],
  interval: ["1 year 2 mons 3 days 04:05:06.789", "-999999999:59:59", "P1DT1S"],
  uuid: ["{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"],
  json: ['{"a": [1, 2.50, null], "a": 1}', '"\\u0000"'],
  jsonb: ['{"b": 1e3, "a": "é\\n"}', "[]", "1e8000"],
  bytea: ["\\x00ff", "a\\000b"],
};

Deno.test("a table loaded by COPY holds what Postgres reads from the same texts, in every type", async () => {
  await using database = await testDatabase();
  const { db } = database;
  const types = Object.keys(VALUES);
  const columns = types.map((type, c) => ({ name: `c${c}`, type }));
  const definition = columns.map(({ name, type }) => `${name} ${type}`).join(", ");
  const plan = columns.map(({ name, type }) => {
    const parsed = parseColumnType(type);
    if (!("name" in parsed)) throw new Error(`"${type}" is no type`);
    return {
      name,
      from: name,
      aliases: [],
      type: parsed,
      required: false,
      default: null,
      rules: {},
      options: {},
    };
  });
  const constants: ConstantColumn[] = [
    { name: "month", type: { name: "date" }, value: "2021-01-01" },
    { name: "nothing", type: { name: "text" }, value: null },
  ];
  await db.query(
    `create table loaded (${definition}, month date, nothing text, _sluice_offset bigint)`,
  );
  await db.query(`create table expected (${definition})`);

  const rows = Math.max(...Object.values(VALUES).map(({ length }) => length)) + 1;
  const field = (type: string, r: number) => VALUES[type][r] ?? null;
  // The first row is NULL throughout.
  const records = Array.from({ length: rows }, (_, r) =>
    types.map((type) => {
      const text = r === 0 ? null : field(type, r - 1);
      return text === null ? "" : `"${text.replaceAll('"', '""')}"`;
    }).join("|"));
  const batch = splitRecords(records.join("\n"), 5_000_000_000);
  const encoder = compileRows(
    {
      naming: "header",
      nullValues: [""],
      trim: false,
      columns: plan,
      newColumns: "freeze",
      missingColumns: "freeze",
      typeChanges: "freeze",
      lineColumn: false,
      offsetColumn: true,
    },
    constants,
    { header: columns.map(({ name }) => name), width: types.length },
  );
  const frame = new Frame(1);
  const count = encoder.encode(batch, frame, (reject) => {
    throw new Error(`${reject.column}: ${reject.message}`);
  });
  expect(count).toBe(rows);

  const copy = await db.copyIn(
    `copy loaded (${encoder.columns.join(", ")}) from stdin (format binary)`,
  );
  await copy.write(COPY_HEADER);
  await copy.write(frame.bytes.subarray(0, frame.length));
  await copy.write(COPY_TRAILER);
  expect(await copy.finish()).toBe(rows);

  await db.transaction(async (tx) => {
    await tx.query("set local timezone to 'UTC'");
    for (let r = 0; r < rows; r++) {
      const texts = types.map((type) => r === 0 ? null : field(type, r - 1));
      const casts = types.map((type, c) => `$${c + 1}::text::${type}`).join(", ");
      await tx.query(`insert into expected select ${casts}`, texts);
    }
  });
  const shown = (table: string) =>
    db.query(
      `select ${columns.map(({ name }) => `${name}::text`).join(", ")} from ${table} order by ctid`,
    );
  expect(await shown("loaded")).toEqual(await shown("expected"));
  const rest = await db.query<{ offset: string }>(
    `select _sluice_offset::text as offset from loaded where month = '2021-01-01' and nothing is null
     order by ctid`,
  );
  expect(rest.map(({ offset }) => Number(offset)))
    .toEqual([...batch.recordStarts].map((start) => start + 5_000_000_000));
});
