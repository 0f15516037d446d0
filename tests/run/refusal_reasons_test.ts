import { expect } from "packages/expect.ts";
import { errorText } from "../../src/cli/views/error_text.ts";
import { detailLines } from "../../src/observe/notify/notice.ts";
import { plain } from "../cli/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, at: date, note: varchar(3) }
rules: { late: at > '2000-01-01' }
rejects: { limit: 1 }
`;

Deno.test("a refused load names the first three reasons with an example each", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv": "id,at,note\nx,2021-01-01,a\n1,soon,b\ny,2021-01-01,c\n2,2021-01-01\n" +
      "3,2021-01-01,long\n4,1999-01-01,d\n5,2021-01-01,e\n5,2021-01-01,f\u0000\n",
  });
  const { status, error } = await run(test.db, specOf(YAML, files.folder));
  expect(status).toBe("refused");
  expect(error!.reasons).toEqual([
    {
      code: "invalid_integer",
      column: "id",
      rows: 2,
      line: 2,
      message: '"x" is not an integer',
    },
    {
      code: "invalid_date",
      column: "at",
      rows: 1,
      line: 3,
      message: expect.stringContaining('"soon" is not a date'),
    },
    {
      code: "too_few_fields",
      column: null,
      rows: 1,
      line: 5,
      message: expect.stringContaining("2 fields"),
      record: "2,2021-01-01",
    },
  ]);
  const told = [
    'invalid_integer (2 rows), as on line 2, column "id": "x" is not an integer',
    'invalid_date (1 row), as on line 3, column "at": "soon" is not a date',
    "too_few_fields (1 row), as on line 5: ",
  ];
  const text = errorText(error!, plain);
  const notice = detailLines({ alerts: [{}], error, partitions: [] } as never).join("\n");
  for (const line of told) {
    expect(text).toContain(line);
    expect(notice).toContain(line);
  }
  expect(text.match(/as on line/g)?.length).toBe(3);
  const [{ error: kept }] = await test.db.query<{ error: unknown }>(
    "select to_jsonb(r) as error from sluice.runs r",
  );
  expect(JSON.stringify(kept)).toContain("too_many_rejects");
});

Deno.test("the first reasons are those of rules, duplicates and odd bytes, too", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv":
      '"id",at,note\n1,1999-01-01,d\n5,2021-01-01,e\n5,2021-01-01,f\n6,"2021\u0000\u001b',
  });
  const { error } = await run(test.db, specOf(YAML, files.folder));
  expect(error!.reasons!.map(({ code, line, record }) => [code, line, record])).toEqual([
    ["unclosed_quote", 5, '6,"2021\u0000\u001b'],
    ["rule:late", 2, "1,1999-01-01,d"],
    ["duplicate_key", 4, "5,2021-01-01,f"],
  ]);
  expect(errorText(error!, plain)).not.toContain("\u001b");
});

Deno.test("a load within its limit names no reasons", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,at,note\nx,2021-01-01,a\n1,2021-01-01,b\n" });
  expect(await run(test.db, specOf(YAML, files.folder))).toMatchObject({
    status: "succeeded",
    error: null,
  });
});

Deno.test("a refusal by a rule's own limit names its rows, which are kept as rejects", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv": "id,at,note\nx,2021-01-01,a\n1,soon,b\n2,2021-01-01\n3,2021-01-01,no\n" +
      "4,1999-01-01,a\n5,1998-01-01,b\n6,1997-01-01,c\n7,2021-01-01,d\n",
  });
  const yaml = YAML.replace(
    "rules: { late: at > '2000-01-01' }",
    "rules: { named: note <> 'no', late: { check: at > '2000-01-01', limit: LIMIT } }",
  ).replace("rejects: { limit: 1 }", "rejects: { limit: 50 }");
  for (const [limit, told] of [["2", "2 rows"], ["10%", "10%"]]) {
    const spec = specOf(yaml.replace("LIMIT", limit), files.folder);
    const result = await run(test.db, spec);
    expect(result.status).toBe("refused");
    expect(result.error!.message).toBe(
      `3 of 8 rows (37.50%) were rejected; the limit of rule "late" is ${told}`,
    );
    expect(result.error!.reasons).toEqual([{
      code: "rule:late",
      column: null,
      rows: 3,
      line: 6,
      message: expect.stringContaining("2000-01-01"),
      record: "4,1999-01-01,a",
    }]);
    expect(errorText(result.error!, plain)).toContain("rule:late (3 rows), as on line 6: ");
    expect(result.rows_rejected).toBe(7);
    // As the hint says, `rejects` shows them.
    const kept = await test.db.query<{ line: number }>(
      `select line::int from sluice.rejected_rows where run_id = $1 and code = 'rule:late'
order by line`,
      [result.run_id],
    );
    expect(kept.map(({ line }) => line)).toEqual([6, 7, 8]);
  }
});
