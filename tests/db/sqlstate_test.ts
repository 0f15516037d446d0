import { expect } from "packages/expect.ts";
import { meaningOf, SQLSTATES } from "../../src/db/sqlstate.ts";

Deno.test("meaningOf takes the value before its class, and knows a word for everything", () => {
  expect(meaningOf("40P01")).toMatchObject({ word: "deadlock", retry: "later" });
  expect(meaningOf("40003")).toMatchObject({ word: "transaction_rolled_back", retry: "later" });
  expect(meaningOf("08006")).toMatchObject({ word: "connection_lost", retry: "later" });
  expect(meaningOf("P0001")).toMatchObject({ word: "statement_failed", retry: "never" });
  expect(meaningOf("")).toMatchObject({ word: "statement_failed", retry: "never" });
});

Deno.test("SQLSTATES retries exactly what may go well without anybody changing anything", () => {
  const later = Object.keys(SQLSTATES).filter((state) => SQLSTATES[state].retry === "later");
  expect(later.sort()).toEqual(
    "08 25006 25P03 25P04 40 40001 40P01 53 53100 53200 53300 55006 55P03 57014 57P01 57P02 57P03 57P05 58"
      .split(" "),
  );
});

Deno.test("docs/database.md explains each db error code", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/database.md", import.meta.url));
  const codes = new Set(Object.values(SQLSTATES).map(({ word }) => `db/${word}`));
  for (const folder of ["../../src/db/", "../../src/db/embedded/"]) {
    for (const file of Deno.readDirSync(new URL(folder, import.meta.url))) {
      if (!file.name.endsWith(".ts")) continue;
      const text = await Deno.readTextFile(new URL(folder + file.name, import.meta.url));
      for (const [code] of text.matchAll(/db\/[a-z_]+(?=["`])/g)) codes.add(code);
      for (const [, word] of text.matchAll(/fail\(\s*"([a-z_]+)"/g)) codes.add(`db/${word}`);
    }
  }
  const missing = [...codes].filter((code) => !docs.includes(`\`${code}\``));
  expect(missing).toEqual([]);
});
