import { expect } from "packages/expect.ts";
import { randomFrom } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { expectSums, pipelineOf, readRejects } from "./ground.ts";

for (const settings of ["idempotency_key: [name]", "", "refresh: { mode: append }"]) {
  const what = settings || "an index";
  Deno.test(`a value too long for an index is its row's fault only: ${what}`, async () => {
    await using database = await ledgerDatabase();
    const random = randomFrom(1);
    // Postgres compresses what it can before it counts.
    const long = Array.from({ length: 20_000 }, () => random().toString(36).slice(2, 5)).join("");
    using files = workspace({ "data.csv": `id,name\n1,${long}\n2,two\n` });
    const plain = pipelineOf(settings === "" ? {} : { settings }, "torture.keys");
    const yaml = settings.startsWith("idempotency")
      ? plain
      : plain.replace("target: {", "target: { indexes: [[name]],");
    const result = await run(database.db, specOf(yaml, files.folder));
    expectSums(result);
    expect(result).toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 1 });
    const [reject] = await readRejects(database.db, result.run_id);
    expect(reject).toMatchObject({ line: 2, offset: 8, code: "sqlstate:54000" });
  });
}

Deno.test("keys that are equal to Postgres are duplicates, and keys that only look equal are not", async () => {
  await using database = await ledgerDatabase();
  const rows = [
    ["1", "é", "1.0"],
    ["01", "e\u0301", "1.00"],
    ["+1", "é", "1e0"],
    ["2", "a", "0"],
    ["2", "a ", "0"],
    ["2", "A", "-0"],
    ["2", "a", "0.000"],
    ["3", "", "NaN"],
    ["3", "", "nan"],
  ];
  const text = rows.map(([id, name, value]) => `${id},"${name}",${value}\n`).join("");
  using files = workspace({ "data.csv": `id,name,value\n${text}` });
  const columns = "{ id: integer, name: text, value: numeric }";
  const yaml = pipelineOf(
    { columns, settings: "idempotency_key: [id, name, value]" },
    "torture.twins",
  );
  const result = await run(database.db, specOf(yaml, files.folder));
  expectSums(result);
  expect(result.error).toBe(null);
  const rejects = await readRejects(database.db, result.run_id);
  expect(rejects.map(({ line, code }) => [line, code])).toEqual([
    [4, "duplicate_key"],
    [8, "duplicate_key"],
    [10, "duplicate_key"],
  ]);
});
