import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { isError } from "../../src/db/sqlstate.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";

// Whatever types `evolve` chooses, a table says what its files said.

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);
const TABLES = rounds(4, "SLUICE_EVOLVE_TABLES");
const FILES = 4;

/** Texts of one look each: columns hold one of them, and sometimes another. */
const LOOKS: readonly (readonly string[])[] = [
  ["1", "20", "-3", "0", "32767"],
  ["70000", "-2147483648"],
  ["5000000000", "9223372036854775807"],
  ["99999999999999999999999999"],
  ["1.50", "0.1", "-2.000", "12345.678"],
  ["1E3", "12e5", "3e10", "2E5", "1e3"],
  ["1e+20", "1.5e-07", "1e+15"],
  ["1e23", "1e+23", "1e14"],
  ["-0", "-0.0", "+5", ".5", "1.", "007", "0x1F", "1_000"],
  ["NaN", "Infinity", "-inf"],
  ["true", "false"],
  ["TRUE", "False", "t", "yes", "1", "0"],
  ["2021-01-31", "0001-01-01", "9999-12-31"],
  ["2021-02-30", "20210131", "2021/01/31", "2021-1-5", "infinity"],
  ["2021-01-01 10:00:00", "2021-01-01 10:00:00.25"],
  ["2021-01-01T10:00:00", "2021-01-01 10:00", "2021-01-01 10:00:00.50", "2021-01-01 24:00:00"],
  ["2021-01-01 10:00:00+00", "2021-07-01 10:00:00.5+00"],
  ["2021-01-01T10:00:00Z", "2021-01-01 10:00:00+02", "2021-01-01 10:00:00-0330"],
  ["0f8fad5b-d9cb-469f-a165-70867728950e"],
  ["0F8FAD5B-D9CB-469F-A165-70867728950E", "{0f8fad5b-d9cb-469f-a165-70867728950e}"],
  ["10:00:00", "1 day", "P1D"],
  [" 1", "1 ", "abc", "ab cd", "Zoë"],
  [""],
];

/** Declared columns, whose own reading of a text counts as well. */
const DECLARED = {
  small: "smallint",
  whole: "integer",
  large: "bigint",
  exact: "numeric(6,2)",
  single: "real",
  double: "double precision",
  yes: "boolean",
  day: "date",
  moment: "timestamp",
  code: "varchar(4)",
};

const NEW = ["a", "b", "c", "d", "e", "f"];

Deno.test(`evolve writes every value as it was in the file (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}, ${TABLES} tables of ${FILES} files`);
  const random = randomFrom(SEED);
  await using test = await ledgerDatabase();
  using files = workspace();
  for (let table = 0; table < TABLES; table++) {
    const spec = specOf(
      `
pipeline: things
source: { url: things.csv }
target: { table: shop.things_${table} }
refresh: { mode: append }
columns:
  id: { type: integer, required: true }
${Object.entries(DECLARED).map(([name, type]) => `  ${name}: "${type}"`).join("\n")}
schema_contract: { new_columns: evolve, type_changes: evolve }
`,
      files.folder,
    );
    const names = [...Object.keys(DECLARED), ...NEW];
    const looks = names.map(() => [pick(random, LOOKS), pick(random, LOOKS)]);
    const told: string[][] = [];
    for (let file = 0; file < FILES; file++) {
      const rows = Array.from(
        { length: between(random, 1, 4) },
        () =>
          looks.map(([usual, other]) =>
            random() < 0.1 ? "" : pick(random, random() < 0.8 ? usual : other)
          ),
      );
      const lines = rows.map((row, r) => [String(told.length + r), ...row].join(","));
      files.write("things.csv", `${["id", ...names].join(",")}\n${lines.join("\n")}\n`);
      told.push(...rows);
      const result = await run(test.db, spec);
      expect(result).toMatchObject({ status: "succeeded", rows_rejected: 0 });
      await compare(test.db, `shop.things_${table}`, names, told);
    }
  }
});

/** Each value is the file's text; in a declared column it may be what that type makes of the text. */
async function compare(
  db: Database,
  table: string,
  names: readonly string[],
  told: readonly (readonly string[])[],
): Promise<void> {
  const rows = await db.query<Record<string, string | null>>(
    `select ${names.map((name) => `"${name}"::text as "${name}"`).join(", ")}
from ${table} order by id`,
  );
  for (const [r, row] of told.entries()) {
    for (const [c, name] of names.entries()) {
      const text = row[c] === "" ? null : row[c];
      const found = rows[r][name];
      if (found === text) continue;
      const declared = Object.entries(DECLARED).find(([each]) => each === name)?.[1];
      const own = declared === undefined ? null : await written(db, text, declared);
      // A number that the declared type reads may have fewer zeros in a wider one: ".5" is 0.5, not 0.50.
      const number = declared === "numeric(6,2)" && own !== null
        ? await written(db, text, "numeric")
        : null;
      if (number !== null && found === number) continue;
      expect([name, `row ${r}`, text, found]).toEqual([name, `row ${r}`, text, own]);
    }
  }
}

/** What Postgres writes where it reads the text as this type; null where it cannot. */
async function written(db: Database, text: string | null, type: string): Promise<string | null> {
  try {
    // Calls the type's input function with its modifier; a cast would cut what is too long.
    const [{ own }] = await db.query<{ own: string }>(
      `select j.v::text as own from json_to_record(json_build_object('v', $1::text)) as j (v ${type})`,
      [text],
    );
    return own;
  } catch (error) {
    if (isError(error, "row")) return null;
    throw error;
  }
}

Deno.test("a field without a value changes no column, and tells no type", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,seats\n1,7\n" });
  const spec = specOf(
    `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: append }
columns: { id: integer }
schema_contract: { new_columns: evolve }
`,
    files.folder,
  );
  await run(test.db, spec);
  files.write("things.csv", "id,seats\n2,\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect(await test.db.query("select * from shop.things order by id")).toEqual([
    { id: 1, seats: 7 },
    { id: 2, seats: null },
  ]);
});

Deno.test("a column with limits stays as it is where a wider type would write a value otherwise", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,seats\n1,70000\n2,+80000\n3,5\n" });
  const yaml = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer, seats: { type: smallint, max: 30000 } }
schema_contract: { type_changes: evolve }
rejects: { limit: 2 }
`;
  const result = await run(test.db, specOf(yaml, files.folder));
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 2 });
});
