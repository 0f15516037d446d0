import { expect } from "packages/expect.ts";
import { sourcePlan } from "../../src/plan/source_plan.ts";
import { load } from "./support.ts";

const yaml = (source: string, partitions = "") =>
  `pipeline: a\n${partitions}source: ${source}
target: { table: s.t }\ncolumns: { id: bigint }\n`;

const MONTHS = "partitions: { by: month, from: 2021-01, to: 2021-03 }\n";
const LIST = 'partitions: { by: list, values: ["a", "b.c"] }\n';
const DB = "url: postgres://h/db";

/** What a source says, and the code and words of what is told of it; null: nothing. */
const CASES: readonly (readonly [string, string | null, (RegExp | undefined)?, string?])[] = [
  [`{ ${DB}, table: shop.things }`, null],
  [`{ url: "postgresql://h/db", table: things }`, null],
  [`{ url: "\${ANY}", query: select 1 }`, null],
  [`{ ${DB}, query: "select 1;" }`, null],
  [`{ ${DB}, query: "select '(', \\"a;b\\" -- )" }`, null],
  [`{ ${DB} }`, "spec/missing_key", /which rows/],
  [`{ ${DB}, table: a, query: select 1 }`, "spec/contradiction", /both say/],
  ["{ url: a.csv, table: a }", "spec/contradiction", /"table" is for a database/],
  ["{ url: 'https://h/a', query: select 1 }", "spec/contradiction", /"query" is for a database/],
  [`{ url: [postgres://h/a, postgres://h/b], table: a }`, "spec/contradiction", /several/],
  [`{ ${DB}, table: a.b.c }`, "spec/wrong_value"],
  [`{ ${DB}, query: "" }`, "spec/wrong_value"],
  [`{ ${DB}, query: "select 1; drop table x" }`, "spec/bad_sql", /";" ends/],
  [`{ ${DB}, query: "select 1) to program 'x'" }`, "spec/bad_sql", /no opening bracket/],
  [`{ ${DB}, query: "select 'a" }`, "spec/bad_sql", /never closed/],
  [`{ ${DB}, table: a, format: csv }`, "spec/contradiction", /"format" is for files/],
  [`{ ${DB}, table: a, format: { type: copy } }`, "spec/contradiction", /"format" is for files/],
  [`{ ${DB}, table: a, compression: gzip }`, "spec/contradiction", /"compression" is for files/],
  [`{ ${DB}, table: a, members: x }`, "spec/contradiction", /"members" is for files/],
  [`{ ${DB}, table: a, checksum: x.sha256 }`, "spec/contradiction", /"checksum" is for files/],
  [`{ ${DB}, table: a, headers: { X: y } }`, "spec/contradiction", /"headers" is for files/],
  [`{ ${DB}, table: "a_{month}" }`, "spec/bad_placeholder", /needs partitions/],
  [`{ ${DB}, table: "a_{nothing}" }`, "spec/unknown_variable"],
  [`{ ${DB}, query: "select {month:start}" }`, "spec/bad_placeholder", /needs partitions/],
  [`{ ${DB}, table: a }`, "spec/missing_placeholder", /the same rows/, MONTHS],
  [`{ ${DB}, query: "select '{2,3}' as a" }`, "spec/missing_placeholder", /the same rows/, MONTHS],
  [`{ ${DB}, table: "a_{month:yyyy_MM}" }`, null, undefined, MONTHS],
  [`{ ${DB}, query: "select {month:start}, '{2,3}'" }`, null, undefined, MONTHS],
  [`{ ${DB}, query: "select {month:stop}" }`, "spec/bad_placeholder", /month/, MONTHS],
  [`{ ${DB}, query: "select {day:start}" }`, "spec/bad_placeholder", /day/, MONTHS],
  [`{ ${DB}, table: "s.a_{partition}" }`, "spec/wrong_value", /"s.a_b.c" is no name/, LIST],
  [`{ ${DB}, query: "select {partition}" }`, null, undefined, LIST],
];

Deno.test("what a database as a source asks for, and what it cannot have", () => {
  for (const [source, code, words, partitions] of CASES) {
    const { diagnostics } = load(yaml(source, partitions));
    const told = diagnostics.filter(({ severity }) => severity === "error");
    expect([source, told.map((each) => each.code)])
      .toEqual([source, code === null ? [] : [code]]);
    if (words !== undefined) expect(told[0].message).toMatch(words);
  }
});

Deno.test("a query has the partition's values as literals, wherever they stand", () => {
  const query = `select {partition}, '{partition}', E'{partition}', "{partition}" -- {partition}`;
  const { spec } = load(
    `pipeline: a
partitions: { by: list, values: ["it's \\\\ \\"q\\""] }
source: { ${DB}, query: ${JSON.stringify(query)} }
target: { table: s.t }
columns: { id: bigint }
`,
  );
  expect(sourcePlan(spec!, `it's \\ "q"`).query).toBe(
    `select E'it''s \\\\ "q"', 'it''s \\ "q"', E'it''s \\\\ "q"', "it's \\ ""q""" -- {partition}`,
  );
});

Deno.test("a table or query counts in the hash, and a variable fills the table", () => {
  const hash = (source: string) => load(yaml(source)).spec!.hash;
  const all = [`{ ${DB}, table: a }`, `{ ${DB}, table: b }`, `{ ${DB}, query: select 1 }`].map(
    hash,
  );
  expect(new Set(all).size).toBe(3);
  const { spec } = load(
    "environments: { dev: { vars: { schema: shop } } }\n" + yaml(`{ ${DB}, table: "{schema}.a" }`),
  );
  expect(sourcePlan(spec!, null).table).toBe("shop.a");
});
