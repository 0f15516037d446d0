import { expect } from "packages/expect.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

// Options of CSV as they meet columns, NULL, rejects and a replay.

function yaml(format: string, columns: string): string {
  return `
pipeline: things
source: { url: things.csv, format: { type: csv, ${format} } }
target: { table: shop.things }
columns: { ${columns} }
rejects: { limit: 10 }
verify: full
`;
}

Deno.test("a report with units, a repeated header and a total is loaded, and its rejects later", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv": [
      "Report of today",
      '"name","kg" ,"note"',
      '"","kg",""',
      'a, "1.5","x, y",,',
      '"name","kg" ,"note"',
      '"b","NA","NA"',
      "c",
      "d,much",
      "Total,3",
      "e,1,z",
      "",
    ].join("\r\n"),
  });
  const format = `skip_lines: 1, skip_after_header: 1, skip_repeated_headers: true,
    pad_short_records: true, drop_empty_surplus: true, blanks_around_quotes: true,
    quoted_nulls: true, null_values: ["", NA], end_pattern: ^Total`;
  const columns = "name: text, kg: numeric, note: text";
  const { context } = testContext(test.db);
  expect(await run(test.db, specOf(yaml(format, columns), files.folder)))
    .toMatchObject({ error: null, rows_loaded: 3, rows_rejected: 1 });
  const rows = "select name, kg::text, note from shop.things order by name";
  expect(await test.db.query(rows)).toEqual([
    { name: "a", kg: "1.5", note: "x, y" },
    { name: "b", kg: null, note: null },
    { name: "c", kg: null, note: null },
  ]);
  const mended = yaml(format, "name: text, kg: { type: numeric, null_values: [much] }, note: text");
  expect(await replayRejects(specOf(mended, files.folder), undefined, context))
    .toMatchObject({ rows_loaded: 1 });
  expect((await test.db.query(rows)).at(-1)).toEqual({ name: "d", kg: null, note: null });
});

Deno.test("a field that the header does not name is read by its position", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": '"mpg","cyl"\n"Fiat",1,4\n"Volvo",x,6\n' });
  const of = (mpg: string) =>
    specOf(
      yaml("unnamed_fields: first", `model: { type: text, from: 1 }, mpg: ${mpg}, cyl: integer`),
      files.folder,
    );
  expect(await run(test.db, of("integer"))).toMatchObject({ rows_loaded: 1, rows_rejected: 1 });
  const replayed = await replayRejects(of("text"), undefined, testContext(test.db).context);
  expect(replayed).toMatchObject({ error: null });
});

Deno.test("a NULL word in quotes is a text, unless quoted_nulls says otherwise", async () => {
  for (const [format, expected] of [["", "NA"], ["quoted_nulls: true,", null]] as const) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": 'id,t,u\n1,"NA",NA\n' });
    const spec = specOf(
      yaml(`${format} null_values: [NA]`, "id: integer, t: text, u: text"),
      files.folder,
    );
    expect(await run(test.db, spec)).toMatchObject({ rows_loaded: 1 });
    expect(await test.db.query("select t, u from shop.things")).toEqual([{ t: expected, u: null }]);
  }
});

Deno.test("what COPY of Postgres writes as text is what is loaded", async () => {
  await using test = await ledgerDatabase();
  const values = [
    "",
    "a",
    "\\N",
    "\\",
    "\\.",
    "tab\there",
    "line\nbreak",
    "cr\r",
    '"q"',
    "\b\f\v",
    "é|,",
    null,
  ];
  await test.db.query("create schema shop");
  await test.db.query("create table shop.origin (id int, t text)");
  for (const [id, value] of values.entries()) {
    await test.db.query("insert into shop.origin values ($1, $2)", [id, value]);
  }
  // As COPY does: its own escapes, which the server's function for them shows.
  const [{ file }] = await test.db.query<{ file: string }>(`
select string_agg(id || E'\\t' || coalesce(
  replace(replace(replace(replace(replace(replace(replace(
    t, E'\\\\', E'\\\\\\\\'), E'\\t', '\\t'), E'\\n', '\\n'), E'\\r', '\\r'),
    E'\\b', '\\b'), E'\\f', '\\f'), E'\\x0b', '\\v'), '\\N') || E'\\n', '' order by id) || E'\\\\.\\n' as file
from shop.origin`);
  using files = workspace({ "things.txt": `${file}not,data\n` });
  const spec = specOf(
    `
pipeline: things
source: { url: things.txt, format: copy }
target: { table: shop.things }
columns: { id: integer, t: text }
verify: full
`,
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: values.length });
  expect(await test.db.query("select id, t from shop.things order by id"))
    .toEqual(values.map((t, id) => ({ id, t })));
});
