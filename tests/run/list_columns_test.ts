import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

// Lists of JSON and of Parquet are values of array columns.

const RECORDS = [
  `{"id": 1, "tags": ["a", "b,c", null, "q\\"\\\\"], "grid": [[1, 2], [3, null]], "docs": [{"a": "]"}, "s", 1]}`,
  `{"id": 2, "tags": [], "grid": [], "docs": []}`,
  `{"id": 3, "tags": null}`,
  `{"id": 4, "tags": "{x,y}", "grid": "{7}"}`,
  `{"id": 5, "tags": "[1]"}`,
  `{"id": 6, "grid": [1, "x"]}`,
  `{"id": 7, "grid": [[1], [2, 3]]}`,
  `{"id": 8, "tags": {}}`,
  `{"id": 9, "tags": 5}`,
  `{"id": 10, "tags": ["\\u0000"]}`,
];

const LOADED = [
  {
    id: 1,
    tags: '{a,"b,c",NULL,"q\\"\\\\"}',
    grid: "{{1,2},{3,NULL}}",
    docs: '{"{\\"a\\": \\"]\\"}","\\"s\\"",1}',
  },
  { id: 2, tags: "{}", grid: "{}", docs: "{}" },
  { id: 3, tags: null, grid: null, docs: null },
  { id: 4, tags: "{x,y}", grid: "{7}", docs: null },
];

const SOURCES = {
  ndjson: ["things.ndjson", `${RECORDS.join("\n")}\n`],
  json: ["things.json", `[\n${RECORDS.join(",\n")}\n]`],
};

for (const [format, [name, text]] of Object.entries(SOURCES)) {
  Deno.test(`${format}: lists are arrays, nested and with nulls`, async () => {
    await using test = await testDatabase();
    using files = workspace({ [name]: text });
    const yaml = (grid: string) =>
      specOf(
        `
pipeline: things
source: { url: ${name}, format: ${format} }
target: { table: shop.things }
refresh: { mode: append }
columns: { id: integer, tags: "text[]", grid: "${grid}", docs: "jsonb[]" }
schema_contract: { missing_columns: discard_value }
rejects: { limit: 90% }
verify: full
`,
        files.folder,
      );
    const result = await run(test.db, yaml("integer[]"));
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    const read = () =>
      test.db.query(
        "select id, tags::text, grid::text, docs::text from shop.things order by id",
      );
    expect(await read()).toEqual(LOADED);
    const { rows } = await readRejects(test.db, yaml("integer[]"), { limit: 20 });
    expect(rows.map(({ column, code }) => [column, code])).toEqual([
      ["tags", "sqlstate:22P02"],
      ["grid", "sqlstate:22P02"],
      ["grid", "sqlstate:22P02"],
      ["tags", "sqlstate:22P02"],
      ["tags", "sqlstate:22P02"],
      ["tags", "nul_byte"],
    ]);
    // A replay reads the lists again.
    await test.db.query("alter table shop.things alter grid type text[] using grid::text[]");
    const { context } = testContext(test.db);
    expect(await replayRejects(yaml("text[]"), undefined, context))
      .toMatchObject({ status: "succeeded", rows_loaded: 1 });
    expect((await read()).slice(4)).toEqual([{ id: 6, tags: null, grid: "{1,x}", docs: null }]);
  });
}

const PARQUET = new URL("../source/parquet/plain.parquet", import.meta.url).pathname;

Deno.test("parquet: lists are arrays, nested and with nulls", async () => {
  await using test = await testDatabase();
  const spec = specOf(
    `
pipeline: things
source: { url: ${PARQUET}, format: parquet }
target: { table: shop.things }
refresh: { mode: full }
schema_contract: { new_columns: discard_value }
columns: { list: "bigint[]", deep: "jsonb[]" }
rejects: { limit: 90% }
verify: full
`,
    "/",
  );
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  // Its lists in a list are not all of one length.
  expect(rows.map(({ line, column }) => [line, column])).toEqual([[1, "deep"]]);
  expect(await test.db.query('select list::text from shop.things order by list::text collate "C"'))
    .toEqual(
      ["{3}", "{4}", "{}", "{}", null, null].map((list) => ({ list })),
    );
});

for (const [format, extension] of [["ndjson", "ndjson"], ["json", "json"]]) {
  Deno.test(`${format}: lists of a type whose elements no comma parts`, async () => {
    await using test = await testDatabase();
    const records = [
      '{"id": 1, "boxes": ["(1,1),(0,0)", null, "(2,2),(1,1)"]}',
      '{"id": 2, "boxes": []}',
      '{"id": 3, "boxes": [["(1,1),(0,0)"], ["(3,3),(0,0)"]]}',
      '{"id": 4, "boxes": "{(1,1),(0,0);(2,2),(1,1)}"}',
      '{"id": 5, "boxes": ["(1,1)"]}',
      '{"id": 6, "boxes": ["(1,1),(0,0);(2,2),(1,1)"]}',
    ];
    const text = format === "json" ? `[${records.join(",\n")}]` : `${records.join("\n")}\n`;
    using files = workspace({ [`things.${extension}`]: text });
    const spec = specOf(
      `
pipeline: things
source: { url: things.${extension}, format: ${format} }
target: { table: shop.things }
columns: { id: integer, boxes: "box[]" }
rejects: { limit: 90% }
`,
      files.folder,
    );
    const result = await run(test.db, spec);
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    expect(await test.db.query("select id, boxes::text from shop.things order by id")).toEqual([
      { id: 1, boxes: "{(1,1),(0,0);NULL;(2,2),(1,1)}" },
      { id: 2, boxes: "{}" },
      { id: 3, boxes: "{{(1,1),(0,0)};{(3,3),(0,0)}}" },
      { id: 4, boxes: "{(1,1),(0,0);(2,2),(1,1)}" },
    ]);
    const { rows } = await readRejects(test.db, spec, { limit: 10 });
    expect(rows.map(({ line, column, code }) => [line, column, code]))
      .toEqual([5, 6].map((line) => [line, "boxes", "sqlstate:22P02"]));
  });
}
