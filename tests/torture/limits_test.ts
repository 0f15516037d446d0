import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { expectSums, pipelineOf, readRejects } from "./ground.ts";
import { bad, type ExpectedReject, layOut, other, type Piece, row } from "./layout.ts";

/** Texts on both sides of what each type can hold; Postgres itself says which side each is on. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  smallint: around(2n ** 15n),
  integer: around(2n ** 31n),
  bigint: [...around(2n ** 63n), "9".repeat(400), `0${"0".repeat(400)}1`],
  "numeric(5,2)": [
    "999.99",
    "-999.99",
    "999.994",
    "999.995",
    "-999.995",
    "1000",
    "0.005",
    "-0.0049",
    "9.9999e2",
    "1e-400",
    "NaN",
    "Infinity",
  ],
  numeric: ["9".repeat(1000), `0.${"1".repeat(1000)}`, "-Infinity", "1e1000", "--1", "1e", "."],
  real: [
    "3.4028235e38",
    "3.4028236e38",
    "1.17549435e-38",
    "1e-45",
    "1e-46",
    "-3.5e38",
    "16777217",
    "NaN",
    "-inf",
  ],
  "double precision": [
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "2.2250738585072014e-308",
    "2.2250738585072011e-308",
    "5e-324",
    "2e-324",
    "9007199254740993",
    "0.1",
    "-0",
    `0.${"0".repeat(320)}1e320`,
    "1e400",
    "-Infinity",
  ],
  boolean: ["t", "TRUE", "y", "on", "of", "0", "1", "2", "tru", "truee", "yes ", ""],
  "varchar(3)": ["abc", "abcd", "abc   ", "äöü", "👍👍👍", "👍👍👍👍", "   ", "    x"],
  "char(3)": ["abc", "abcd", "a", "", "äöü  "],
  date: [
    "4714-11-24 BC",
    "4714-11-23 BC",
    "5874897-12-31",
    "5874898-01-01",
    "0001-01-01",
    "0000-01-01",
    "0001-12-31 BC",
    "2024-02-29",
    "2023-02-29",
    "1900-02-29",
    "2000-02-29",
    "2021-04-31",
    "2021-13-01",
    "2021-00-10",
    "2021-01-00",
    "infinity",
  ],
  time: [
    "00:00:00",
    "23:59:59.999999",
    "23:59:59.9999995",
    "23:59:60",
    "23:59:61",
    "24:00:00",
    "24:00:00.000001",
    "-00:00:01",
    "12:60:00",
  ],
  timestamp: [
    "294276-12-31 23:59:59.999999",
    "294276-12-31 23:59:59.9999995",
    "294277-01-01 00:00:00",
    "4714-11-24 00:00:00 BC",
    "4714-11-23 23:59:59.999999 BC",
    "1999-12-31 23:59:60",
    "2016-12-31 24:00:00",
    "2016-12-31 24:00:01",
    "2021-02-29 00:00:00",
    "1970-01-01 00:00:00.0000004",
    "-infinity",
  ],
  timestamptz: [
    "294276-12-31 23:59:59.999999Z",
    "294276-12-31 23:59:59.999999-01",
    "294277-01-01 00:30:00+01",
    "4714-11-24 00:00:00Z BC",
    "2021-01-01 00:00:00+15:59:59",
    "2021-01-01 00:00:00+16",
    "2021-01-01 00:00:00-15:59",
  ],
  interval: ["178000000 years", "178956971 years", "999999999 days", "2147483648 days", "-1 mons"],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "00000000-0000-0000-0000-00000000000",
    "00000000-0000-0000-0000-0000000000000",
    "g0000000-0000-0000-0000-000000000000",
  ],
  jsonb: [
    "1e999",
    "[".repeat(500) + "]".repeat(500),
    "[".repeat(500),
    '"\\u0000"',
    '"\\ud800"',
    '{"a":1,"a":2}',
    "01",
    "nul",
    "",
  ],
};

Deno.test("values on both sides of each type's limits: Postgres decides, line and offset tell", async (test) => {
  await using database = await ledgerDatabase();
  for (const [index, [type, texts]] of Object.entries(EDGES).entries()) {
    await test.step(type, () => compare(database.db, type, texts, `torture.edge_${index}`));
  }
});

async function compare(
  db: Database,
  type: string,
  texts: readonly string[],
  target: string,
): Promise<void> {
  await db.query(`create schema if not exists oracle`);
  await db.query(`create table oracle."${type}" (value ${type})`);
  const pieces: Piece[] = [other("text,value\n")];
  for (const text of texts) {
    const field = `"${text.replaceAll('"', '""')}"`;
    const line = `${field},${field}\n`;
    const isValid = await canStore(db, type, text);
    pieces.push(isValid ? row(line) : bad(line, "", "value"));
  }
  const layout = layOut(pieces);
  using files = workspace({ "data.csv": layout.bytes });
  const columns = `{ text: text, value: ${JSON.stringify(type)} }`;
  const result = await run(db, specOf(pipelineOf({ columns }, target), files.folder));
  expectSums(result);
  expect(result.error).toBe(null);
  const rejects = await readRejects(db, result.run_id);
  expect(rejects.map(place)).toEqual(layout.rejects.map(place));
  const loaded = await db.query<{ text: string; equal: boolean }>(
    `select text, coalesce(value::text = (text::${type})::text, false) as equal
     from ${target} order by _source_line`,
  );
  expect(loaded.filter(({ equal }) => !equal)).toEqual([]);
  expect(loaded.length).toBe(layout.rows.length);
}

/** Where a reject is; the many codes it may have are told apart elsewhere. */
function place({ line, offset, column, raw }: ExpectedReject): Record<string, unknown> {
  return { line, offset, column, text: new TextDecoder().decode(raw) };
}

/** Stored in a column, as COPY does it: a cast would cut a text that is too long. */
async function canStore(db: Database, type: string, text: string): Promise<boolean> {
  const table = `oracle."${type}"`;
  const unlimited = type.replace(/^char\b/, "bpchar").replace(/\(.*/, "");
  try {
    await db.query(`insert into ${table} select $1::text::${unlimited}`, [text]);
    return true;
  } catch (error) {
    if (error instanceof SluiceError && error.postgres?.code?.startsWith("22")) return false;
    throw error;
  }
}

/** An integer type's limits, one step beyond each, and other ways to write them. */
function around(limit: bigint): string[] {
  return [
    limit - 1n,
    limit,
    -limit,
    -limit - 1n,
    limit + 1n,
    `+${limit - 1n}`,
    ` ${limit - 1n} `,
    `${limit - 1n}.0`,
    `0000${limit - 1n}`,
    "-0",
    "+",
    "-",
    "1-",
    "",
  ].map(String);
}

Deno.test("a record may be as long as a reject can be stored, and no limit is beyond that", async () => {
  const most = 64 * 2 ** 20;
  const format = (bytes: number) => `max_record_bytes: ${bytes}`;
  using files = workspace();
  expect(() => specOf(pipelineOf({ format: format(most + 1) }, "torture.beyond"), files.folder))
    .toThrow("max_record_bytes");
  await using database = await ledgerDatabase();
  const record = new Uint8Array(most).fill(120);
  record[1] = 44;
  files.write("data.csv", new TextEncoder().encode("id,name\n1,one\n"));
  Deno.writeFileSync(`${files.folder}/data.csv`, record, { append: true });
  const { db } = database;
  const result = await run(
    db,
    specOf(pipelineOf({ format: format(most) }, "torture.longest"), files.folder),
  );
  expect(result.error).toBe(null);
  expectSums(result);
  const [reject, ...others] = await readRejects(db, result.run_id);
  expect(others).toEqual([]);
  expect(reject).toMatchObject({ line: 3, column: "id", code: "invalid_integer" });
  expect(reject.raw.length).toBe(most);
});
