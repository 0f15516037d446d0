import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

// Texts in a language of their own: what parses them has its own SQLSTATE for those that are none,
// such as that of SQL itself (42601), or of an error inside Postgres (XX000).

/** Of each row a text that is one, but for the second. */
const TYPES: readonly (readonly [type: string, good: string, bad: string])[] = [
  ["jsonpath", '$."a"', "$.["],
  ["shop.ltree", "a.b", "a..b"],
  ["shop.lquery", "a.*", "a.{"],
  ["tsquery", "'a'", "a b"],
];

for (
  const [contract, loaded, discarded] of [
    ["freeze", [1, 3], 0],
    ["discard_value", [1, 2, 3], 0],
    ["discard_row", [1, 3], 1],
  ] as const
) {
  Deno.test(`type_changes: ${contract} is about whatever a type cannot parse`, async (t) => {
    await using test = await testDatabase();
    const { db } = test;
    await db.query(`create schema shop; create extension ltree schema shop;
create domain shop.short_path as jsonpath check (length(value::text) < 8)`);
    for (const [type, good, bad] of TYPES) {
      await t.step(type, async () => {
        using files = workspace({ "things.csv": `id,v\n1,"${csv(good)}"\n2,${bad}\n3,\n` });
        const result = await run(db, specOf(yaml(type, contract), files.folder));
        expect([result.status, result.error]).toEqual(["succeeded", null]);
        expect(result).toMatchObject({
          rows_rejected: contract === "freeze" ? 1 : 0,
          rows_discarded: discarded,
        });
        expect(await db.query("select id, v::text from shop.things order by id")).toEqual(
          loaded.map((id) => ({ id, v: id === 1 ? good : null })),
        );
        await db.query("drop table shop.things cascade; drop schema sluice cascade");
      });
    }
    await t.step("a condition of a domain is another matter", async () => {
      using files = workspace({ "things.csv": "id,v\n1,$.a\n2,$.abcdefgh\n" });
      const result = await run(db, specOf(yaml("shop.short_path", contract), files.folder));
      expect(result).toMatchObject({ status: "succeeded", rows_rejected: 1, rows_discarded: 0 });
    });
  });
}

function yaml(type: string, contract: string): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
schema_contract: { type_changes: ${contract} }
columns: { id: integer, v: "${type}" }
rejects: { limit: 90% }
`;
}

const csv = (text: string) => text.replaceAll('"', '""');

const EXPRESSIONS:
  readonly (readonly [expression: string, type: string, state: string, good: string])[] = [
    ["t::jsonpath", "jsonpath", "42601", "$.a"],
    ["to_tsquery('simple', t)", "tsquery", "42601", "a & b"],
    ["shop.parse(t)", "text", "XX000", "a"],
  ];

Deno.test("a text that an expression cannot parse is a reject, whatever its SQLSTATE is", async (t) => {
  await using test = await testDatabase();
  const { db } = test;
  await db.query(`create schema shop;
create function shop.parse(t text) returns text language plpgsql immutable as $$
begin
  if t = '$.[ (' then raise 'parse error - invalid geometry' using errcode = 'XX000'; end if;
  return t;
end $$`);
  for (const [expression, type, state, good] of EXPRESSIONS) {
    await t.step(expression, async () => {
      using files = workspace({ "things.csv": `id,t\n1,${good}\n2,$.[ (\n3,${good}\n` });
      const spec = specOf(
        `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns:
  id: integer
  t: text
  v: { type: ${type}, expression: "${expression}" }
rejects: { limit: 90% }
`,
        files.folder,
      );
      const result = await run(db, spec);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      expect(await db.query("select id from shop.things order by id"))
        .toEqual([{ id: 1 }, { id: 3 }]);
      const { rows } = await readRejects(db, spec, { limit: 10 });
      expect(rows.map(({ line, code, raw }) => [line, code, raw]))
        .toEqual([[3, `sqlstate:${state}`, "2,$.[ ("]]);
      await db.query("drop table shop.things cascade; drop schema sluice cascade");
    });
  }
});
