import { expect } from "packages/expect.ts";
import { parse } from "yaml";
import { replayRejects } from "../../src/run/mod.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

// Fields that have no name in the header, or the same one as others.

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000_007);
const HEADERS = 12;

function yaml(columns: string, contract = "", more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { ${columns} }
${contract === "" ? "" : `schema_contract: { ${contract} }`}
${more}`;
}

/** As R's `write.csv` and pandas' `to_csv` write a table: the number of the row has no name. */
const ROW_NAMES = `"","id","v"\n"1",10,"a"\n"2",20,"b"\n`;
const TRAILING = "id,v,\n1,a,\n2,b,LOST\n";
const EMPTY_TRAILING = "id,v,\n1,a,\n2,b,\n";
const TWICE = "id,v,x,x\n1,a,7,8\n2,b,,\n";

interface Case {
  readonly name: string;
  readonly file: string;
  readonly contract?: string;
  readonly columns?: string;
  /** Rows of the table; null: the load ends with the error. */
  readonly rows: readonly Readonly<Record<string, unknown>>[] | null;
  readonly discarded?: number;
  readonly values?: number;
  readonly code?: string;
  /** What the hint says. */
  readonly hint?: string;
}

const BOTH = [{ id: 1, v: "a" }, { id: 2, v: "b" }];
const TENS = [{ id: 10, v: "a" }, { id: 20, v: "b" }];

const CASES: readonly Case[] = [
  {
    name: "freeze: a trailing delimiter is refused, and the hint reads it by position",
    file: EMPTY_TRAILING,
    rows: null,
    code: "rows/schema_mismatch",
    hint: `"column_3": { type: text, from: 3 }`,
  },
  {
    name: "freeze: row names are refused, and the hint reads them by position",
    file: ROW_NAMES,
    rows: null,
    code: "rows/schema_mismatch",
    hint: `"column_1": { type: text, from: 1 }`,
  },
  {
    name: "freeze: two fields of one name are refused, and the hint has two keys",
    file: TWICE,
    rows: null,
    code: "rows/schema_mismatch",
    hint: `"x": { type: text, from: 3 }\n  "x_2": { type: text, from: 4 }`,
  },
  {
    name: "evolve: a field without a name that holds values becomes a column",
    file: TRAILING,
    contract: "new_columns: evolve",
    rows: [{ id: 1, v: "a", column_3: null }, { id: 2, v: "b", column_3: "LOST" }],
  },
  {
    name: "evolve: row names become a column",
    file: ROW_NAMES,
    contract: "new_columns: evolve",
    rows: [{ id: 10, v: "a", column_1: 1 }, { id: 20, v: "b", column_1: 2 }],
  },
  {
    name: "evolve: a trailing delimiter is no column",
    file: EMPTY_TRAILING,
    contract: "new_columns: evolve",
    rows: BOTH,
  },
  {
    name: "evolve: which of two fields of one name is which cannot be told",
    file: TWICE,
    contract: "new_columns: evolve",
    rows: null,
    code: "rows/duplicate_header",
    hint: `"x": { type: text, from: 3 }\n  "x_2": { type: text, from: 4 }`,
  },
  {
    name: "evolve: a column of the name that a field without one would get",
    file: "id,v,,column_3\n1,a,x,y\n",
    contract: "new_columns: evolve",
    rows: [{ id: 1, v: "a", column_3: "y", column_3_2: "x" }],
  },
  {
    name: "evolve: Postgres's own names of columns are gone around",
    file: "id,v,ctid,xmin\n1,a,x,y\n",
    contract: "new_columns: evolve",
    rows: [{ id: 1, v: "a", ctid_2: "x", xmin_2: "y" }],
  },
  {
    name: "discard_value: values without a name go, and are counted",
    file: TRAILING,
    contract: "new_columns: discard_value",
    rows: BOTH,
    values: 1,
  },
  {
    name: "discard_value: row names go, and are counted",
    file: ROW_NAMES,
    contract: "new_columns: discard_value",
    rows: TENS,
    values: 2,
  },
  {
    name: "discard_value: values of two fields of one name go, and are counted",
    file: TWICE,
    contract: "new_columns: discard_value",
    rows: BOTH,
    values: 2,
  },
  {
    name: "discard_value: blanks and words for NULL are no values",
    file: "id,v,x,y\n1,a, ,NA\n2,b,1,\n",
    contract: "new_columns: discard_value",
    rows: BOTH,
    values: 1,
  },
  {
    name: "discard_row: row names are no reason to leave out a row; they are counted",
    file: ROW_NAMES,
    contract: "new_columns: discard_row",
    rows: TENS,
    values: 2,
  },
  {
    name: "discard_row: a row with a value beyond the names is left out",
    file: TRAILING,
    contract: "new_columns: discard_row",
    rows: BOTH.slice(0, 1),
    discarded: 1,
  },
  {
    name: "discard_row: a row with a value in one of two fields of one name is left out",
    file: TWICE,
    contract: "new_columns: discard_row",
    rows: BOTH.slice(1),
    discarded: 1,
  },
  {
    name: "a column reads a field without a name by its position",
    file: ROW_NAMES,
    columns: "row: { type: integer, from: 1 }, id: integer, v: text",
    rows: [{ row: 1, id: 10, v: "a" }, { row: 2, id: 20, v: "b" }],
  },
  {
    name: "columns read fields of one name by their positions",
    file: TWICE,
    columns: "id: integer, v: text, x: { type: integer, from: 3 }, y: { type: integer, from: '4' }",
    rows: [{ id: 1, v: "a", x: 7, y: 8 }, { id: 2, v: "b", x: null, y: null }],
  },
  {
    name: "a column reads a field that has a name by its position, too",
    file: "Kennung,Wert\n1,a\n2,b\n",
    columns: "id: { type: integer, from: 1 }, v: { type: text, from: 2 }",
    rows: BOTH,
  },
  ...["freeze", "evolve", "discard_value", "discard_row"].map((mode): Case => ({
    name: `${mode}: a column whose name the header has twice is refused, with the positions`,
    file: "id,v,v\n1,a,b\n",
    contract: `new_columns: ${mode}`,
    rows: null,
    code: "rows/duplicate_header",
    hint: "    from: 2\n    from: 3",
  })),
];

for (const { name, file, contract, columns, rows, discarded = 0, values, code, hint } of CASES) {
  Deno.test(name, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": file });
    const text = yaml(columns ?? "id: integer, v: text", contract).replace(
      "things.csv }",
      `things.csv, format: { type: csv, null_values: ["", NA], trim: true } }`,
    );
    const result = await run(test.db, specOf(text, files.folder));
    if (rows === null) {
      expect(result).toMatchObject({ status: "failed", error: { code } });
      expect(result.error!.hint).toContain(hint);
      return;
    }
    expect(result).toMatchObject({ status: "succeeded", rows_discarded: discarded });
    expect(result.values_discarded).toBe(values);
    expect(result.partitions[0].values_discarded).toBe(values);
    expect(await test.db.query("select * from shop.things order by id")).toEqual(rows);
  });
}

Deno.test("evolve: a column without a name is kept by later files, and by a replay", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,v,\n1,a,x\n2,abc,y\n" });
  const of = (length: number) =>
    specOf(
      yaml(
        `id: integer, v: varchar(${length})`,
        "new_columns: evolve",
        "rejects: { limit: 1 }\nrefresh: { mode: append }",
      ),
      files.folder,
    );
  expect(await run(test.db, of(2))).toMatchObject({ rows_loaded: 1, rows_rejected: 1 });
  const replayed = await replayRejects(of(3), undefined, testContext(test.db).context);
  expect(replayed).toMatchObject({ rows_loaded: 1 });
  // A field with a name at that position is another field.
  files.write("things.csv", "id,v,named\n3,a,z\n");
  expect(await run(test.db, of(3))).toMatchObject({ status: "succeeded" });
  files.write("things.csv", "id,v,\n4,a,\n");
  expect(await run(test.db, of(3))).toMatchObject({ status: "succeeded" });
  expect(await test.db.query("select id, column_3, named from shop.things order by id")).toEqual([
    { id: 1, column_3: "x", named: null },
    { id: 2, column_3: "y", named: null },
    { id: 3, column_3: null, named: "z" },
    { id: 4, column_3: null, named: null },
  ]);
});

const NAMES = [
  ..."id,v,Order No.,order_no,ORDER-NO,xmin,Preis (€),1,2021,true,null,~,a: b,#,- x,日本".split(
    ",",
  ),
  "",
  "",
  "\u200bhidden",
  "tab\there",
  'quo"ted',
  "back\\slash",
  "line\nbreak",
  "\u0085",
  " ",
  "x".repeat(80),
];

Deno.test(`what the hint of a refused header says can be pasted, and loads every value (SLUICE_SEED=${SEED})`, async () => {
  console.log(`SLUICE_SEED=${SEED}, ${HEADERS} headers`);
  const random = randomFrom(SEED);
  await using test = await ledgerDatabase();
  using files = workspace();
  for (let n = 0; n < HEADERS; n++) {
    const header = [
      "key",
      ...Array.from({ length: between(random, 1, 8) }, () => pick(random, NAMES)),
    ];
    const row = header.map((_name, i) => String(i));
    files.write(
      "things.csv",
      `${header.map((name) => `"${name.replaceAll('"', '""')}"`).join(",")}\n${row.join(",")}\n`,
    );
    const text = (columns: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things_${n} }
columns:
  key: integer
${columns}`;
    const { error } = await run(test.db, specOf(text(""), files.folder));
    const pasted = /columns:\n((?: {2}.*\n)+)/.exec(error!.hint!)![1];
    expect(Object.keys(parse(pasted)).length).toBe(header.length - 1);
    const result = await run(test.db, specOf(text(pasted), files.folder));
    expect(result).toMatchObject({ status: "succeeded", rows_loaded: 1 });
    const [loaded] = await test.db.query<Record<string, unknown>>(
      `select * from shop.things_${n}`,
    );
    // JavaScript moves a column "1" to the front.
    expect(Object.values(loaded).map(Number).sort()).toEqual(row.map(Number));
  }
});
