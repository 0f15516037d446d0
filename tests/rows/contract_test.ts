import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

function yaml(contract: string): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: integer, required: true }, seats: { type: integer, default: 0 }, note: text }
schema_contract: { ${contract} }
rejects: { limit: 5 }
`;
}

const CASES: readonly {
  readonly contract: string;
  readonly file: string;
  readonly rows: readonly unknown[];
  readonly discarded?: number;
  readonly rejected?: number;
}[] = [
  {
    contract: "new_columns: discard_value",
    file: "id,extra,seats,note\n1,x,2,a\n",
    rows: [{ id: 1, seats: 2, note: "a" }],
  },
  {
    contract: "new_columns: discard_row",
    file: `id,extra,seats,note\n1,x,2,a\n2,,3,b\n3,"",4,c\n`,
    rows: [{ id: 2, seats: 3, note: "b" }],
    discarded: 2,
  },
  {
    contract: "missing_columns: discard_value",
    file: "id,note\n1,a\n2,\n",
    rows: [{ id: 1, seats: 0, note: "a" }, { id: 2, seats: 0, note: null }],
  },
  {
    contract: "missing_columns: discard_row",
    file: "id,note\n1,a\n2,\n",
    rows: [],
    discarded: 2,
  },
  {
    contract: "type_changes: freeze",
    file: "id,seats,note\n1,two,a\n2,2,b\n",
    rows: [{ id: 2, seats: 2, note: "b" }],
    rejected: 1,
  },
  {
    contract: "type_changes: discard_value",
    file: "id,seats,note\n1,two,a\nx,2,b\n3,99999999999,c\n",
    rows: [{ id: 1, seats: 0, note: "a" }, { id: 3, seats: 0, note: "c" }],
    rejected: 1,
  },
  {
    contract: "type_changes: discard_row",
    file: "id,seats,note\n1,two,a\n2,2,b\n,3,c\n",
    rows: [{ id: 2, seats: 2, note: "b" }],
    discarded: 1,
    rejected: 1,
  },
];

for (const { contract, file, rows, discarded = 0, rejected = 0 } of CASES) {
  Deno.test(`schema_contract ${contract} loads, discards and rejects what it says`, async () => {
    await using test = await testDatabase();
    using files = workspace({ "things.csv": file });
    const spec = specOf(yaml(contract), files.folder);
    const result = await run(test.db, spec);
    expect(result).toMatchObject({
      status: "succeeded",
      rows_loaded: rows.length,
      rows_discarded: discarded,
      rows_rejected: rejected,
    });
    expect(await test.db.query("select * from shop.things order by id")).toEqual(rows);
    expect((await readRejects(test.db, spec, { limit: 9 })).total).toBe(rejected);
  });
}

Deno.test("a required column cannot be missing, whatever the contract says", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "seats,note\n1,a\n" });
  const result = await run(
    test.db,
    specOf(yaml("missing_columns: discard_value"), files.folder),
  );
  expect(result.error).toMatchObject({
    code: "rows/schema_mismatch",
    message: expect.stringContaining('lacks "id"'),
  });
});
