import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { testDatabase } from "../support/postgres.ts";

const PAGE = new URL("../../docs/ledger.md", import.meta.url);

/** `table.column` of each column listed below a heading that names a table or view. */
function documented(page: string): string[] {
  return page.split(/^### /m).slice(1).flatMap((section) => {
    const relation = /^`(sluice\.\w+)`/.exec(section)![1];
    const items = section.replace(/\n {2,}/g, " ").split("\n").filter((line) =>
      line.startsWith("- `")
    );
    return items.flatMap((item) => {
      const [columns] = item.split(": ");
      return [...columns.matchAll(/`(\w+)`/g)].map(([, column]) => `${relation}.${column}`);
    });
  });
}

Deno.test("docs/ledger.md has every table, view and column of the ledger, and no others", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  const columns = await test.db.query<{ name: string }>(
    `select format('%s.%s.%s', table_schema, table_name, column_name) as name
from information_schema.columns where table_schema = 'sluice'`,
  );
  const page = Deno.readTextFileSync(PAGE);
  expect(documented(page).sort()).toEqual(columns.map(({ name }) => name).sort());
  const named = new Set(page.split(/^## /m)[0].match(/(?<=`)sluice\.\w+(?=`)/g));
  expect([...named].sort()).toEqual(
    [...new Set(columns.map(({ name }) => name.split(".").slice(0, 2).join(".")))].sort(),
  );
});
