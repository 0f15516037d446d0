import { expect } from "packages/expect.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { bugText, errorText } from "../../src/cli/views/error_text.ts";
import { historyText } from "../../src/cli/views/history_text.ts";
import { eventLines, lineProgress } from "../../src/cli/views/line_progress.ts";
import { paintFor } from "../../src/cli/views/paint.ts";
import { planText } from "../../src/cli/views/plan_text.ts";
import { printable } from "../../src/cli/views/printable.ts";
import { rejectsText } from "../../src/cli/views/rejects_text.ts";
import { runText, shellWord } from "../../src/cli/views/run_text.ts";
import { renderTable } from "../../src/cli/views/table.ts";
import { planFixture } from "./plan_fixture.ts";
import {
  capture,
  EVENTS,
  markedPaint,
  partitionResult,
  plain,
  plainPaint,
  RUN,
  runResult,
} from "./support.ts";

Deno.test("renderTable aligns by the columns of a terminal, whatever the characters", () => {
  const names = ["plain", "東京", "e\u0301te\u0301", "🚕", "👩‍👩‍👧", "🇫🇷"];
  const columns = [{ title: "name" }, { title: "n" }];
  const lines = renderTable(columns, names.map((name) => [name, "1"]), plain).split("\n");
  expect(lines.slice(0, -1)).toEqual([
    "name   n",
    "plain  1",
    "東京   1",
    "e\u0301te\u0301    1",
    "🚕     1",
    "👩‍👩‍👧     1",
    "🇫🇷     1",
  ]);
});

Deno.test("renderTable aligns by what is seen, not by the codes around it", () => {
  const rows = [["a", { text: "good", style: "good" as const }, "1"], ["bbb", "x", "22"]];
  const columns = [{ title: "name" }, { title: "word" }, { title: "n", align: "right" as const }];
  expect(renderTable(columns, rows, plain)).toBe(
    "name  word   n\na     good   1\nbbb   x     22\n",
  );
  expect(renderTable(columns, rows, { ...plain, paint: markedPaint })).toContain(
    "a     <good>good</>   1\n",
  );
});

Deno.test("paintFor adds codes only where colors are wanted", () => {
  expect(paintFor({ colors: false })("bad", "x")).toBe("x");
  expect(paintFor({ colors: true })("bad", "x")).toBe("\x1b[31mx\x1b[39m");
});

Deno.test("printable lets no control character through", () => {
  expect(printable("a\x1b[2J\r\n\t\u009b\u202eb ö €")).toBe("a\\x1b[2J\\r\\n\\t\\x9b\\u202eb ö €");
});

Deno.test("eventLines has one line for each stage and none for progress", () => {
  const lineOf = eventLines(plain);
  const again = { ...EVENTS.find(({ type }) => type === "retry")!, attempt: 2 } as RunEvent;
  const [refused] = EVENTS.slice(-2);
  const error = { code: "rows/too_many_rejects", message: "41 of 100", retry: "never" } as const;
  const events = [...EVENTS.slice(0, 5), again, ...EVENTS.slice(5, -2), {
    ...refused,
    result: partitionResult({ partition: "2021-02", status: "refused", error }),
  } as RunEvent];
  expect(events.map((event) => lineOf(event) ?? "").join("")).toBe(
    `trips  2 partitions
2021-01  reading data/2021-01.csv (812 kB)
2021-01  rows: 10000 rows read, 40 rejected (0.10 s)
2021-01  publish: Somebody holds the lock; attempt 1 of 5 failed, next in 0.50 s
2021-01  publish: attempt 2 of 5 failed as before, next in 0.50 s
2021-01  warning: Version 1 could not be dropped
2021-01  published version 1: 9,960 rows, 40 rejected, 0.14 s
2021-02  refused (rows/too_many_rejects)
`,
  );
});

Deno.test("lineProgress that is quiet still says what it is told to, and warns", async () => {
  for (const told of ["none", "warnings"] as const) {
    const err = capture();
    const progress = lineProgress(err, plain, told);
    for (const event of EVENTS) progress.emit(event);
    progress.line("a word\n");
    await err.flush();
    const warning = "2021-01  warning: Version 1 could not be dropped\n";
    expect(err.text()).toBe(told === "none" ? "a word\n" : `${warning}a word\n`);
  }
});

Deno.test("runText of one partition needs no sum", () => {
  expect(runText(RUN, "pipelines/trips.yaml", plain)).toBe(
    `partition  status     version    read  loaded  rejected  seconds  rows/s
2021-01    published        1  10,000   9,960        40     0.14  71,429

40 rows were rejected; see them with
  sluice rejects pipelines/trips.yaml --run 0b8f6f0e
`,
  );
});

Deno.test("runText of several partitions shows discarded rows, the sum and the reasons", () => {
  const idle = { status: "unchanged" as const, reason: "the file is the same", version: null };
  const none = { rows_read: 0, rows_loaded: 0, rows_rejected: 0, seconds: 0 };
  const refused = partitionResult({
    partition: "2021-02",
    status: "refused",
    reason: "41 of 100 rows were rejected",
    version: null,
    rows_read: 100,
    rows_loaded: 0,
    rows_rejected: 40,
    rows_duplicate: 1,
    rows_discarded: 59,
    // Standard error has it.
    error: { code: "rows/too_many_rejects", message: "Too many", retry: "never" },
  });
  const partitions = [
    refused,
    ...["03", "04", "05", "06"].map((month) =>
      partitionResult({ ...idle, ...none, partition: `2021-${month}` })
    ),
  ];
  const text = runText(runResult(partitions, { status: "refused" }), "t.yaml", plain);
  expect(text.replace(/\n2021-0[456].*/g, "")).toBe(
    `partition  status     version  read  loaded  rejected  duplicate  discarded  seconds  rows/s
2021-02    refused          -   100       0        40          1         59     0.14     714
2021-03    unchanged        -     0       0         0          0          0     0.00       -
total      refused              100       0        40          1         59     0.41     244

2021-03, 2021-04, 2021-05 and 1 more  unchanged: the file is the same

40 rows were rejected; see them with
  sluice rejects t.yaml --run 0b8f6f0e
`,
  );
});

Deno.test("shellWord quotes what a shell would read otherwise", () => {
  expect(["a/b-c.yaml", "my file", "it's", "$(x)"].map(shellWord)).toEqual([
    "a/b-c.yaml",
    "'my file'",
    `'it'\\''s'`,
    "'$(x)'",
  ]);
});

Deno.test("planText is a summary; with SQL each statement follows, with its reason and lock", () => {
  const text = planText(planFixture(), plain);
  expect(text).toBe(PLAN.slice(0, PLAN.indexOf("\nSet up the target")));
  expect(planText(planFixture(), plain, { sql: true })).toBe(PLAN);
});

Deno.test("planText counts, names what changes and each kind of lock once", () => {
  const plan = planFixture();
  const [skipped, loaded] = plan.partitions;
  const exclusive = (table: string) => `ACCESS EXCLUSIVE on ${table}, for milliseconds`;
  const lockOf = (n: number) => ({ ...loaded.publish[0], lock: exclusive(`ny.trips__${n}`) });
  const text = (change: object) =>
    planText({ ...plan, setup: [], changes: [], ...change }, plain).split("\n").slice(0, 2);
  const months = [1, 2, 3, 4].map((n) => ({
    ...loaded,
    partition: `2021-0${n}`,
    publish: [lockOf(n), { ...lockOf(n), lock: exclusive("ny.trips") }],
    retain: loaded.retain.slice(0, n - 1),
  }));
  const pending = { ...skipped, skipStatus: "pending" as const };
  for (
    const [change, ...lines] of [
      [
        { partitions: months },
        "trips (environment live): 4 to load; drops version 0 of 2021-02 and 2 more",
        "locks: ACCESS EXCLUSIVE on ny.trips__1, ny.trips and 3 more, for milliseconds",
      ],
      [
        { partitions: [skipped, skipped, pending], setup: [{ ...plan.setup[0], migration: 7 }] },
        "trips (environment live): nothing to load, 2 unchanged, 1 pending; " +
        "brings the ledger up to date (schema sluice)",
        "refresh partition by exchange, 1 partition at once, 2 COPY connections each, " +
        "rejects up to 1%, 3 earlier versions kept",
      ],
      [
        {
          environment: null,
          changes: ['alters ny.trips (add column "a\u001b" text)'],
          sweep: plan.setup,
          partitions: [{ ...loaded, partition: null }],
        },
        'trips: 1 to load; alters ny.trips (add column "a\\x1b" text), ' +
        "tidies up after runs that died, drops version 0",
        "locks: ACCESS EXCLUSIVE on ny.trips",
      ],
    ] as const
  ) expect(text(change)).toEqual(lines);
});

Deno.test("planText names hooks, and shows their SQL once for all partitions", () => {
  const plan = planFixture();
  const hooks = {
    before_load: [{ sql: "select 1", params: [], line: 3 }],
    after_publish: [
      {
        sql: "call p($1::pg_catalog.text, $2::pg_catalog.int8)",
        params: ["error", "rows_read"],
        line: 5,
      },
      { sql: "grant select\non t to r", params: [], line: 6 },
    ],
  } as const;
  const [, loaded] = plan.partitions;
  const text = planText({ ...plan, hooks, partitions: [loaded, loaded] }, plain, {
    sql: true,
  });
  expect(text).toContain("3 earlier versions kept\nhooks: before_load, after_publish (2)\n");
  expect(text.match(/Hook after_publish/g)).toHaveLength(1);
  expect(text).toContain(`Hook after_publish, last in the transaction that publishes
  -- Line 5 of the pipeline file
  -- $1 = <error>, $2 = <rows_read>
  call p($1::pg_catalog.text, $2::pg_catalog.int8);
  -- Line 6 of the pipeline file
  grant select
  on t to r;
`);
});

Deno.test("planText of a plan with nothing to load says so", () => {
  const plan = planFixture();
  const text = planText({ ...plan, partitions: plan.partitions.slice(0, 1) }, plain);
  expect(text).toMatch(/^trips \(environment live\): nothing to load, 1 unchanged; /);
});

Deno.test("errorText tells all Postgres said, once", () => {
  const text = errorText(
    {
      code: "db/unique_violation",
      message: 'duplicate key violates "u": Key (id)=(7) already exists',
      retry: "later",
      hint: "Name another key",
      postgres: {
        severity: "ERROR",
        code: "23505",
        message: 'duplicate key violates "u"',
        detail: "Key (id)=(7) already exists.",
        where: "COPY t, line 3\nsecond line",
        schema: "ny",
        table: "t",
        constraint: "u",
      },
      details: { pid: 17 },
    },
    plain,
    { where: "trips, partition 2021-01", cause: new Error("socket hang up") },
  );
  expect(text).toBe(
    `error: duplicate key violates "u": Key (id)=(7) already exists
  code      db/unique_violation
  where     trips, partition 2021-01
  pid       17
  postgres  ERROR SQLSTATE 23505
  context   COPY t, line 3
            second line
  on        schema "ny", table "t", constraint "u"
  cause     socket hang up
  do        Name another key
  retry     the same command can succeed later without a change
`,
  );
});

Deno.test("errorText lets no terminal code of a server's message through", () => {
  const text = errorText({ code: "db/x", message: "a\x1b[2Jb", retry: "never" }, plain);
  expect(text).not.toContain("\x1b");
});

Deno.test("bugText has the version and the stack", () => {
  const text = bugText(new TypeError("boom"), "1.2.3", plainPaint);
  expect(text).toMatch(/^This is a bug in Sluice 1\.2\.3: .*\nTypeError: boom\n {4}at /);
  expect(bugText("thrown text", "1.2.3", plainPaint)).toContain("thrown text");
});

Deno.test("historyText shows versions and runs", () => {
  const text = historyText("trips", {
    versions: [{
      partition: "2021-01",
      version: 2,
      state: "live",
      rows: 9960,
      bytes: 812_345,
      source_url: "data/2021-01.csv",
      sha256: "aa",
      run_id: "r1",
      published_at: "2026-01-31T12:00:00.123Z",
      changes: null,
    }],
    runs: [{
      run_id: "r2",
      status: "failed",
      started_at: "2026-01-31T12:00:00.123Z",
      seconds: null,
      rows_read: 10_000,
      rows_loaded: 0,
      rows_rejected: 40,
      error: { code: "a/b", message: "No\nway", retry: "never" },
    }],
  }, plain);
  expect(text).toBe(
    `Versions
partition  version  state   rows   bytes  published (UTC)      run  source
2021-01          2  live   9,960  812 kB  2026-01-31 12:00:00  r1   data/2021-01.csv

Runs
run  status  started (UTC)        seconds    read  loaded  rejected  error
r2   failed  2026-01-31 12:00:00        -  10,000       0        40  No\\nway
`,
  );
});

Deno.test("historyText of a pipeline that never ran says so", () => {
  expect(historyText("trips", { versions: [], runs: [] }, plain))
    .toBe("trips has not run in this database\n");
});

Deno.test("rejectsText groups, then shows place, message and the record, cut and escaped", () => {
  const row = {
    partition: "2021-01",
    source_url: "data/a.csv",
    column: "fare",
    code: "bad_number",
  };
  const text = rejectsText({
    pipeline: "trips",
    rejects: {
      run_id: "r1",
      total: 3,
      groups: [
        { column: "fare", code: "bad_number", count: 2, example: '"x" is no number' },
        { column: null, code: "too_few_fields", count: 1, example: "3 fields instead of 18" },
      ],
      rows: [
        { ...row, line: 812, byte_offset: 96_311, message: '"x" is no number', raw: "1,x\x1b[2J" },
        {
          ...row,
          column: null,
          line: 900,
          byte_offset: 97_311,
          message: "3 fields instead of 18",
          raw: "é".repeat(201),
        },
      ],
    },
  }, plain);
  expect(text).toBe(
    `3 rejected rows of run r1
count  column    code            example
    2  fare      bad_number      "x" is no number
    1  (record)  too_few_fields  3 fields instead of 18

data/a.csv:812 (byte 96,311)  fare: "x" is no number
    1,x\\x1b[2J
data/a.csv:900 (byte 97,311)  3 fields instead of 18
    ${"é".repeat(199)}…

1 more: show them with --limit
`,
  );
});

Deno.test("rejectsText says where there is nothing to show", () => {
  const none = { total: 0, rows: [], groups: [] };
  expect(rejectsText({ pipeline: "trips", rejects: { run_id: null, ...none } }, plain))
    .toBe("trips has not run in this database\n");
  expect(rejectsText({ pipeline: "trips", rejects: { run_id: "r1", ...none } }, plain))
    .toBe("Run r1 rejected no row\n");
});

const PLAN = `trips (environment live): 1 to load, 1 unchanged; \
sets up the ledger (schema sluice), creates the schema ny, drops version 0 of 2021-02
locks: ACCESS EXCLUSIVE on ny.trips
refresh partition by exchange, 1 partition at once, 2 COPY connections each, rejects up to 1%, \
3 earlier versions kept

partition  action  version  reason                     source
2021-01    skip          -  unchanged since version 1  https://example.org/\${TOKEN}/2021-01.csv.gz
2021-02    load          2  the file changed (etag)    https://example.org/\${TOKEN}/2021-02.csv.gz

Set up the target, in one transaction
  -- The schema is missing
  create schema if not exists ny;

Load 2021-02 into ny.trips__2021-02__v2

Stage, in one transaction
  -- Staging
  -- lock: ACCESS SHARE on ny.trips
  create table t
    (like p including all);

Copy
  -- The rows of https://example.org/\${TOKEN}/2021-02.csv.gz, over 2 connections
  copy "ny"."trips__2021-02__v2" ("id", "file_month", "_sluice_offset")
  from stdin with (format binary);

Deduplicate
  -- Proves that no key occurs twice
  create unique index u on t (id);

Only if it finds duplicates (on_duplicate: keep_first), then once more
  -- Counts the rows beyond the first of each key
  select count(*) from t;
  -- on_duplicate: keep_first
  delete from t;

Finish
  -- Statistics
  analyze t;

Publish, in one transaction
  -- The ledger's row
  -- $1 = 'it''s', $2 = 2, $3 = <rows>
  insert into sluice.loads values ($1, $2, $3);
  -- Put version 2 in
  -- lock: ACCESS EXCLUSIVE on ny.trips
  alter table p attach partition t;

Retain: version 0 is dropped
  -- Beyond versions: 3
  drop table old;

Only if Postgres refuses rows: finds them in ever smaller ranges
  -- Every row has been tried
  drop table r;

Only after a failure
  -- Only after a failure
  drop table if exists t;
`;
