import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

// Values as people write them, through a whole load: verified, in partitions, evolved, replayed.

function yaml(columns: string, more = ""): string {
  return `
pipeline: things
source: { url: things.csv, format: { type: csv, delimiter: ";" } }
target: { table: shop.things${more.includes("partitions") ? ", partition_column: day" : ""} }
columns: { ${columns} }
rejects: { limit: 10 }
verify: full
${more}
`;
}

const ROWS = "select id, day::text, at::text, amount::text from shop.things order by id";

Deno.test("dates in several forms and amounts are loaded, verified, and what is not declared is a reject", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv": [
      "id;day;at;amount",
      "1;2021-01-05;1609804800;$1,200.50",
      "2;Jan 6, 2021;1609804800.5;($3.00)",
      "3;7.1.2021;-1;-4 $",
      "4;01/08/2021;0;1",
      "5;2021-01-09;1609804800123;1",
      "6;2021-01-10;0;€5",
      "7;2021-01-11;0;5-",
      "",
    ].join("\n"),
  });
  const amount = (strip: string) =>
    `amount: { type: "numeric(10,2)", thousands: ",", strip: [${strip}], negative: parentheses }`;
  const columns = (strip: string) =>
    `id: integer, day: { type: date, format: [yyyy-MM-dd, "MMM d, yyyy", d.M.yyyy] },
     at: { type: timestamptz, format: epoch }, ${amount(strip)}`;
  const partitioned = "partitions: { by: month, from: 2021-01, to: 2021-01 }";
  const spec = specOf(yaml(columns('"$"'), partitioned), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 3, rows_rejected: 4 });
  await test.db.query("set timezone to 'UTC'");
  expect(await test.db.query(ROWS)).toEqual([
    { id: 1, day: "2021-01-05", at: "2021-01-05 00:00:00+00", amount: "1200.50" },
    { id: 2, day: "2021-01-06", at: "2021-01-05 00:00:00.5+00", amount: "-3.00" },
    { id: 3, day: "2021-01-07", at: "1969-12-31 23:59:59+00", amount: "-4.00" },
  ]);
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  expect(rows.map(({ line, code, message }) => [line, code, message])).toEqual([
    [
      5,
      "invalid_date",
      '"01/08/2021" is not a date written as yyyy-MM-dd or MMM d, yyyy or d.M.yyyy',
    ],
    [6, "invalid_timestamptz", '"1609804800123" is not a timestamptz written as epoch'],
    [7, "invalid_number", '"€5" is not a number'],
    [8, "invalid_number", '"5-" is not a number'],
  ]);
  const mended = specOf(yaml(columns('"$", "€"'), partitioned), files.folder);
  const { context } = testContext(test.db);
  expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 1 });
  expect((await test.db.query(ROWS)).at(-1)).toMatchObject({ id: 6, amount: "5.00" });
});

Deno.test("with evolve an amount that is no whole number widens its column, and is still read as declared", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id;day;at;amount\n1;2021-01-05;0;$1\n" });
  const columns = `id: integer, day: date, at: { type: timestamptz, format: epoch_ms },
    amount: { type: integer, strip: ["$"], negative: trailing }`;
  const spec = specOf(
    yaml(columns, "schema_contract: { type_changes: evolve }\nrefresh: { mode: append }"),
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 1 });
  files.write("things.csv", "id;day;at;amount\n2;2021-01-06;1500;$2.50-\n");
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 1 });
  await test.db.query("set timezone to 'UTC'");
  expect(await test.db.query(ROWS)).toEqual([
    { id: 1, day: "2021-01-05", at: "1970-01-01 00:00:00+00", amount: "1" },
    { id: 2, day: "2021-01-06", at: "1970-01-01 00:00:01.5+00", amount: "-2.50" },
  ]);
});

Deno.test("what would be read in two ways is refused with the pipeline file", () => {
  for (
    const [column, message] of [
      ["type: date, format: [dd/MM/yyyy, MM/dd/yyyy]", /one value by "dd\/MM\/yyyy" and another/],
      ["type: timestamptz, format: [epoch, epoch_ms]", /one value by "epoch" and another/],
      ["type: date, format: '%d/%m/%Y'", /is written dd\/MM\/yyyy here/],
      ["type: date, format: 'yyyy[MM'", /bracket/],
      ["type: timestamp, format: 'yyyy-MM-dd HH:mm Z'", /load it as timestamptz/],
      ["type: time, format: epoch", /tells a day/],
      ["type: integer, strip: ['1']", /part of a number/],
      ["type: integer, strip: ['-']", /part of a number/],
      ["type: numeric, strip: ['.']", /the decimal point/],
      ["type: numeric, strip: [','], thousands: ','", /"thousands" are both/],
      ["type: numeric, strip: ['('], negative: parentheses", /makes a number negative/],
      ["type: text, strip: ['$']", /has no "strip"/],
      ["type: numeric, negative: both", /negative/],
    ] as const
  ) {
    const { diagnostics } = loadSpec(yaml(`x: { ${column} }`), {
      file: "a.yaml",
      folder: ".",
      variables: {},
    });
    expect([column, diagnostics.map(({ message }) => message).join("\n")])
      .toEqual([column, expect.stringMatching(message)]);
  }
});
