import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import type { RuleSpec } from "../../src/spec/pipeline_spec.ts";
import { planPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase, testDatabase } from "../support/every_db.ts";

const YAML = `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "t_{month}.csv" }
target: { table: shop.trips }
idempotency_key: [id]
on_duplicate: keep_first
columns: { id: { type: integer, required: true }, up: timestamp, down: timestamp, note: text }
rejects: { limit: 10 }
`;

const ROWS = `id,up,down,note
1,2021-01-01 10:00,2021-01-01 10:05,fine
2,2021-01-01 10:00,2021-01-01 09:00,backwards
3,2021-01-01 10:00,,no end: NULL passes
4,2020-12-31 10:00,2020-12-31 10:05,another month
5,2020-12-31 10:00,2020-12-31 09:00,both
1,2021-01-01 10:00,2021-01-01 09:00,a duplicate that fails a rule
1,2021-01-01 10:00,2021-01-01 11:00,a duplicate
`;

const ORDER: RuleSpec = {
  name: "down_after_up",
  check: "down >= up -- NULL passes",
  onFail: "reject",
  limit: null,
  line: 12,
};
const MONTH: RuleSpec = {
  name: "in_its_month",
  check: "up >= {month:start} and up < date '{month:end}' and note !~ '^[x]{3}$'",
  onFail: "reject",
  limit: null,
  line: 13,
};

function specWith(folder: string, rules: readonly RuleSpec[]) {
  return { ...specOf(YAML, folder), rules };
}

it("rules reject the rows that fail them, with line, offset and raw record", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const spec = specWith(files.folder, [ORDER, MONTH]);
  const result = await run(test.db, spec);
  expect(result).toMatchObject({
    status: "succeeded",
    rows_read: 7,
    rows_loaded: 2,
    rows_rejected: 4,
    rows_duplicate: 1,
  });
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  const bytes = new TextEncoder().encode(ROWS);
  expect(rows.map(({ line, code }) => [line, code])).toEqual([
    [3, "rule:down_after_up"],
    [5, "rule:in_its_month"],
    [6, "rule:down_after_up"],
    [7, "rule:down_after_up"],
  ]);
  for (const { byte_offset, raw } of rows) {
    const there = bytes.slice(byte_offset, byte_offset + raw.length);
    expect(new TextDecoder().decode(there)).toBe(raw);
  }
  const loaded = await test.db.query("select id, note from shop.trips order by id");
  expect(loaded).toEqual([
    { id: 1, note: "fine" },
    { id: 3, note: "no end: NULL passes" },
  ]);
});

it("a rule's own limit refuses the load, and so does the pipeline's", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const own = specWith(files.folder, [{ ...ORDER, limit: { kind: "rows", rows: 2 } }]);
  expect(await run(test.db, own)).toMatchObject({
    status: "refused",
    error: {
      code: "rows/too_many_rejects",
      message: '3 of 7 rows (42.86%) were rejected; the limit of rule "down_after_up" is 2 rows',
    },
  });
  const all = { ...specWith(files.folder, [ORDER]), rejects: { limit: { kind: "rows", rows: 2 } } };
  expect(await run(test.db, all as typeof own)).toMatchObject({
    status: "refused",
    rows_rejected: 3,
  });
  expect(await test.db.query("select from shop.trips")).toEqual([]);
});

it("on_fail: warn tells and publishes, on_fail: fail refuses with examples", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const { context, events } = testContext(test.db);
  const warning = specWith(files.folder, [{ ...ORDER, onFail: "warn" }]);
  const warned = await runPipeline(warning, ALL, context);
  expect(warned).toMatchObject({ status: "succeeded", rows_rejected: 0 });
  expect(events.flatMap((event) => event.type === "warning" ? [event.message] : [])).toEqual([
    '3 rows fail rule "down_after_up"',
  ]);
  const failing = specWith(files.folder, [{ ...ORDER, onFail: "fail" }]);
  const failed = await run(test.db, failing, { force: true });
  expect(failed).toMatchObject({ status: "refused", error: { code: "rows/rule_failed" } });
  expect(failed.error?.message).toContain('3 rows fail rule "down_after_up"');
  expect(failed.error?.message).toContain('"note":"backwards"');
  const [{ versions }] = await test.db.query<{ versions: number }>(
    "select count(*) as versions from sluice.loads",
  );
  expect(versions).toBe(1);
});

it("bad SQL in a rule is told at plan time, with its line", async () => {
  await using test = await testDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const { context } = testContext(test.db);
  for (
    const [check, message] of [
      ["down >> up", "operator does not exist"],
      ["downn >= up", 'column "downn" does not exist'],
      ["down >=", "syntax error"],
      ["id", "must be type boolean"],
    ]
  ) {
    const spec = specWith(files.folder, [ORDER, { ...ORDER, name: "bad", check, line: 17 }]);
    await expect(planPipeline(spec, ALL, context)).rejects.toMatchObject({
      code: "plan/bad_sql",
      message: expect.stringMatching(
        new RegExp(`^test.yaml:17: rule "bad" is not SQL.*${message}`),
      ),
    });
  }
  expect(await test.db.query("select from pg_namespace where nspname in ('sluice', 'shop')"))
    .toEqual([]);
});

it("rules of a pipeline file load as they are written, and name their line", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const yaml = `${YAML}rules:
  down_after_up: down >= up
  in_its_month: { check: "up >= {month:start} and up < {month:end}", on_fail: warn, limit: 1% }
`;
  const spec = specOf(yaml, files.folder);
  expect(spec.rules).toEqual([
    { name: "down_after_up", check: "down >= up", onFail: "reject", limit: null, line: 11 },
    {
      name: "in_its_month",
      check: "up >= {month:start} and up < {month:end}",
      onFail: "warn",
      limit: { kind: "percent", percent: 1 },
      line: 12,
    },
  ]);
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 3 });
  const bad = specOf(yaml.replace("down >= up", "down >= upp"), files.folder);
  await expect(run(test.db, bad)).rejects.toMatchObject({
    code: "plan/bad_sql",
    message: expect.stringContaining("test.yaml:11: "),
  });
});

it("rejects.keep_days forgets rejected rows that are older", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": ROWS });
  const yaml = YAML.replace("limit: 10", "limit: 10, keep_days: 30") +
    "rules: { down_after_up: down >= up }\n";
  const spec = specOf(yaml, files.folder);
  await run(test.db, spec);
  const count = async () => (await test.db.query("select from sluice.rejected_rows")).length;
  await run(test.db, spec);
  expect(await count()).toBe(3);
  await test.db.query("update sluice.rejected_rows set rejected_at = now() - interval '31 days'");
  await run(test.db, spec);
  expect(await count()).toBe(0);
});
