import { expect } from "packages/expect.ts";
import { openPsql } from "../../src/db/embedded/mod.ts";
import { testDatabase } from "../support/postgres.ts";

const hasPsql = await new Deno.Command("psql", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);
if (!hasPsql) console.warn("psql is not on this machine: its test is skipped");

Deno.test({
  name: "openPsql connects with the password and returns the exit code",
  ignore: !hasPsql,
  async fn() {
    await using test = await testDatabase();
    expect(await openPsql(test.url, ["-qc", "create table made_by_psql ()"])).toBe(0);
    expect(await test.db.query("select * from made_by_psql")).toEqual([]);
  },
});

Deno.test("openPsql says so where there is no psql", async () => {
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", "/nowhere");
  try {
    await expect(openPsql("postgres://u:p@127.0.0.1/d")).rejects.toMatchObject({
      code: "db/psql_missing",
    });
  } finally {
    Deno.env.set("PATH", path);
  }
});
