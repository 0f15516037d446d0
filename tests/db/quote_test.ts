import { expect } from "packages/expect.ts";
import { quoteIdent, quoteLiteral } from "../../src/core/quote.ts";
import { testDatabase } from "../support/postgres.ts";

const NASTY = [
  "select",
  'a"b',
  "a'b",
  "a\\b",
  "\\'",
  "'; drop table x; --",
  "Ünïcödé 🚰",
  "a\nb",
  "$1",
  "%s",
  "",
  "E'x'",
];

Deno.test("quoteIdent gives each name back from Postgres", async () => {
  await using test = await testDatabase();
  for (const name of NASTY.filter((name) => name !== "")) {
    const [row] = await test.db.query<Record<string, number>>(`select 1 as ${quoteIdent(name)}`);
    expect(Object.keys(row)).toEqual([name]);
  }
});

Deno.test("quoteLiteral gives each text back, whatever standard_conforming_strings says", async () => {
  await using test = await testDatabase();
  await using session = await test.db.session();
  for (const setting of ["on", "off"]) {
    await session.query(`set standard_conforming_strings = ${setting}`);
    for (const text of NASTY) {
      expect(await session.query(`select ${quoteLiteral(text)} as text`)).toEqual([{ text }]);
    }
  }
});

Deno.test("quoteIdent and quoteLiteral refuse NUL", () => {
  expect(() => quoteIdent("a\0b")).toThrow("NUL");
  expect(() => quoteLiteral("a\0b")).toThrow("NUL");
});
