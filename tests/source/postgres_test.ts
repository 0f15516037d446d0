import { expect } from "packages/expect.ts";
import type { ErrorRecord, SluiceError } from "../../src/core/error.ts";
import { quoteIdent } from "../../src/core/quote.ts";
import type { RunResult } from "../../src/core/result.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import type { Database } from "../../src/db/database.ts";
import { replayRejects, type RunOptions, runPipeline } from "../../src/run/mod.ts";
import { openSource } from "../../src/source/open.ts";
import { ALL, specOf, testContext } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { cuttingProxy } from "./conformance/cutting_proxy.ts";
import { chunksOf, failure, planFor, testContext as sourceTestContext } from "./support.ts";

const FOLDER = Deno.cwd();

async function load(
  db: Database,
  yaml: string,
  url: string,
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const variables = { SOURCE_URL: url };
  const { context } = testContext(db);
  return await runPipeline(specOf(yaml, FOLDER, variables), { ...ALL, ...options }, {
    ...context,
    secrets: secretsFrom(variables),
  });
}

Deno.test("a table: every value arrives as it is", async () => {
  await using source = await testDatabase();
  await using target = await testDatabase();
  const values: readonly (readonly [type: string, sql: readonly string[]])[] = [
    ["smallint", ["-32768", "null"]],
    ["integer", ["2147483647", "0"]],
    ["bigint", ["-9223372036854775808", "null"]],
    ["numeric", ["'NaN'", "'123456789012345678901234567890.0123456789'", "'Infinity'", "-0.00"]],
    ["numeric(10,2)", ["12345678.90", "'NaN'"]],
    ["real", ["'NaN'", "'-Infinity'", "1.1754944e-38", "'-0'"]],
    ["double precision", ["0.1::float8 + 0.2::float8", "'Infinity'", "5e-324"]],
    ["boolean", ["true", "false", "null"]],
    ["text", [
      "''",
      "null",
      "'NULL'",
      "E'\\\\N'",
      "E'\\\\.'",
      "E'a\\nb\\tc\\rd\\\\e\\be\\ff\\vg'",
      "E'\\u0001\\u001f'",
      "'  blanks  '",
      "'\"quoted\", ''single'''",
      "'ünïcødé 😀'",
    ]],
    ["varchar(20)", ["''", "'x'"]],
    ["char(5)", ["'ab'", "''"]],
    ["date", ["'infinity'", "'-infinity'", "'0044-03-15 BC'", "'5874897-12-31'"]],
    ["timestamp", ["'infinity'", "'2021-03-28 02:30:00.123456'", "'0001-01-01 BC'"]],
    ["timestamptz", ["'-infinity'", "'2021-03-28 02:30:00.5+05:30'", "'294276-12-31 23:59:59+00'"]],
    ["time", ["'24:00:00'", "'00:00:00.000001'"]],
    ["interval", ["'1 year -3 days 04:05:06.789'", "'-1 mon'"]],
    ["uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]],
    ["bytea", ["'\\x00ff5c0a09'", "''", "null"]],
    ["json", [`'{"a" :  [1, null, "x\\ny"]}'`, "'null'"]],
    ["jsonb", [`'{"b": 1e400, "a": "\\\\"}'`, "'null'"]],
    ["text[]", [`array['a,b', null, '', 'NULL', E'\\n', '"', E'\\\\']`, "'{}'", "null"]],
    ["integer[]", ["'{{1,2},{3,4}}'", "'[2:3]={1,2}'"]],
    ["inet", ["'10.0.0.0/8'"]],
    ["int4range", ["'[1,10)'", "'empty'"]],
    ["bit(3)", ["'101'"]],
    ["xml", ["'<a>b</a>'"]],
  ];
  const most = Math.max(...values.map(([, sql]) => sql.length));
  const columns = values.map(([type], c) => `c${c} ${type}`);
  await source.db.query(`create table everything (id integer, ${columns.join(", ")})`);
  for (let r = 0; r < most; r++) {
    const row = values.map(([type, sql]) => `(${sql[r] ?? "null"})::${type}`);
    await source.db.query(`insert into everything values (${r}, ${row.join(", ")})`);
  }
  const result = await load(
    target.db,
    `
pipeline: everything
source: { url: "\${SOURCE_URL}", table: everything }
target: { table: everything }
columns:
  id: integer
${values.map(([type], c) => `  c${c}: ${JSON.stringify(type)}`).join("\n")}
`,
    source.url,
  );
  expect(result.partitions[0].error).toBe(null);
  expect([result.status, result.partitions[0].rows_loaded]).toEqual(["succeeded", most]);
  const texts = values.map((_, c) => `c${c}::text as c${c}`).join(", ");
  const read = (db: Database) => db.query(`select id, ${texts} from everything order by id`);
  expect(await read(target.db)).toEqual(await read(source.db));
});

const THINGS = `
pipeline: things
source: { url: "\${SOURCE_URL}", table: shop.things }
target: { table: shop.loaded }
rejects: { limit: 10 }
columns: { id: { type: integer, required: true }, name: text }
`;
const MONTHS = `
pipeline: months
partitions: { by: month, from: 2021-01, to: 2021-03 }
source:
  url: "\${SOURCE_URL}"
  query: |
    select id, at from shop.sales -- {2,3} is no placeholder
    where at >= {month:start} and at < '{month:end}'::timestamptz
    order by id;
target: { table: shop.loaded }
columns: { id: integer, at: timestamptz }
`;

/** Two databases, the first with a few tables. */
async function rig(sql = "") {
  await using made = new AsyncDisposableStack();
  const source = made.use(await testDatabase());
  const target = made.use(await testDatabase());
  await source.db.query(`create schema shop;
create table shop.things (id integer, name text);
insert into shop.things values (1, 'one'), (2, null), (3, '');
create table shop.sales (id integer primary key, at timestamptz);
insert into shop.sales
  select n, timestamptz '2020-12-31 23:59:59.999999+00' + n * interval '6 hours'
  from generate_series(0, 400) n;
${sql}`);
  const kept = made.move();
  return { source, target, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const errorOf = async (work: Promise<RunResult>): Promise<ErrorRecord> => {
  try {
    return (await work).partitions[0].error!;
  } catch (error) {
    return (error as SluiceError).toJSON();
  }
};

Deno.test("a table: NULL is not empty text, and an unchanged table is not published again", async () => {
  await using it = await rig();
  const { source, target } = it;
  const first = await load(target.db, THINGS, source.url);
  expect(first.partitions).toMatchObject([{ status: "published", rows_loaded: 3, version: 1 }]);
  expect(await target.db.query("select * from shop.loaded order by id")).toEqual([
    { id: 1, name: "one" },
    { id: 2, name: null },
    { id: 3, name: "" },
  ]);
  const again = await load(target.db, THINGS, source.url);
  expect(again.partitions).toMatchObject([{ status: "unchanged" }]);
  await source.db.query("update shop.things set name = 'two' where id = 2");
  const third = await load(target.db, THINGS, source.url);
  expect(third.partitions).toMatchObject([{ status: "published", rows_loaded: 3, version: 2 }]);
});

Deno.test("a query: each month has its rows, from its first moment to before the next one's", async () => {
  await using it = await rig();
  const { source, target } = it;
  const { partitions } = await load(target.db, MONTHS, source.url);
  const [{ january, february, march }] = await source.db.query<Record<string, number>>(
    `select count(*) filter (where at >= '2021-01-01+00' and at < '2021-02-01+00') as january,
count(*) filter (where at >= '2021-02-01+00' and at < '2021-03-01+00') as february,
count(*) filter (where at >= '2021-03-01+00' and at < '2021-04-01+00') as march from shop.sales`,
  );
  expect(partitions.map(({ error }) => error)).toEqual([null, null, null]);
  expect(partitions.map(({ rows_loaded }) => rows_loaded)).toEqual([january, february, march]);
});

Deno.test("a query: the values of a list are values, whatever they hold", async () => {
  const names = ["a", "o'clock", 'quo"te', "back\\slash", "$1", "{month}", "drop table x; --"];
  await using it = await rig("create table shop.named (name text, n integer)");
  const { source, target } = it;
  for (const [n, name] of names.entries()) {
    await source.db.query("insert into shop.named values ($1, $2)", [name, n]);
  }
  const { partitions } = await load(
    target.db,
    `
pipeline: named
partitions: { by: list, values: ${JSON.stringify(names)} }
source:
  url: "\${SOURCE_URL}"
  query: select n, name from shop.named where name = {partition} and name = '{partition}' and
    name = E'{partition}'
target: { table: shop.loaded }
columns: { n: integer, name: text }
`,
    source.url,
  );
  expect(partitions.map(({ error }) => error)).toEqual(names.map(() => null));
  expect(await target.db.query("select n, name from shop.loaded order by n")).toEqual(
    names.map((name, n) => ({ n, name })),
  );
});

Deno.test("a table: one column, odd names, no rows", async () => {
  const odd = ["a\tb", "back\\slash", "line\nend", "<html>", '{"a', "PAR1", "\\N", "ü"];
  const quoted = odd.map((name) => quoteIdent(name));
  await using it = await rig(`
create table shop.one (t text);
insert into shop.one values (''), (null), (E'\\\\.'), (''), (E'\\\\N'), (E'\\n');
create table shop.odd (${quoted.map((name) => `${name} text`).join(", ")});
insert into shop.odd values (${odd.map((_, n) => `'${n}'`).join(", ")});
create table shop.none (a integer, b text);
create table shop.nothing ();`);
  const { source, target } = it;
  const yaml = (table: string, columns: string) => `
pipeline: ${table}
source: { url: "\${SOURCE_URL}", table: shop.${table} }
target: { table: shop.loaded_${table} }
columns: { ${columns} }
`;
  await load(target.db, yaml("one", "t: text"), source.url);
  expect(await target.db.query("select t from shop.loaded_one order by t")).toEqual(
    await source.db.query("select t from shop.one order by t"),
  );
  const columns = odd.map((name, n) => `c${n}: { from: ${JSON.stringify(name)}, type: text }`);
  const result = await load(target.db, yaml("odd", columns.join(", ")), source.url);
  expect(result.partitions).toMatchObject([{ status: "published", error: null }]);
  expect(await target.db.query("select * from shop.loaded_odd")).toEqual([
    Object.fromEntries(odd.map((_, n) => [`c${n}`, String(n)])),
  ]);
  const empty = await load(target.db, yaml("none", "a: integer, b: text"), source.url);
  expect(empty.partitions).toMatchObject([{ status: "published", rows_loaded: 0 }]);
  const error = await errorOf(load(target.db, yaml("nothing", "a: integer"), source.url));
  expect(error.code).toBe("source/no_columns");
});

Deno.test("a table: a bad row is a reject with its line, and is replayed", async () => {
  await using it = await rig("insert into shop.things values (null, E'with\\na line end');");
  const { source, target } = it;
  const variables = { SOURCE_URL: source.url };
  const first = await load(target.db, THINGS, source.url);
  expect(first.partitions).toMatchObject([{ status: "published", rows_rejected: 1 }]);
  const [reject] = await target.db.query<Record<string, unknown>>(
    "select line, column_name, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows",
  );
  // Behind the line of the names.
  expect(reject).toMatchObject({ line: 5, column_name: "id", raw: "\\N\twith\\na line end" });
  const spec = specOf(THINGS.replace(", required: true", ""), FOLDER, variables);
  const secrets = secretsFrom(variables);
  const again = await replayRejects(spec, undefined, {
    ...testContext(target.db).context,
    secrets,
  });
  expect(again.partitions).toMatchObject([{ status: "published", rows_loaded: 1 }]);
  expect(await target.db.query("select name from shop.loaded where id is null")).toEqual([
    { name: "with\na line end" },
  ]);
});

Deno.test("a source that cannot be read is told before anything is loaded", async () => {
  await using it = await rig(`
create table shop.secret (id integer, name text);
create function shop.leaves_a_mark() returns integer language sql as
  'insert into shop.things values (9, ''mark'') returning id';`);
  const { source, target } = it;
  const role = `reader_${crypto.randomUUID().slice(0, 8)}`;
  await source.db.query(`create role ${role} login password 'of-the-reader-7';
grant usage on schema shop to ${role}; grant select on shop.things to ${role}`);
  const reader = new URL(source.url);
  reader.username = role;
  reader.password = "of-the-reader-7";
  const query = (sql: string) =>
    THINGS.replace("table: shop.things", `query: ${JSON.stringify(sql)}`);
  const table = (name: string) => THINGS.replace("shop.things", name);
  const other = (change: (url: URL) => void) => {
    const url = new URL(reader);
    change(url);
    return url.href;
  };
  const cases: readonly (readonly [yaml: string, url: string, code: string, words: RegExp])[] = [
    [table("shop.secret"), reader.href, "source/forbidden", /permission denied for table secret/],
    [query("select * from shop.secret"), reader.href, "source/forbidden", /table secret/],
    [query("select nothing from shop.things"), reader.href, "source/bad_query", /"nothing"/],
    [query("select * from shop.nowhere"), reader.href, "source/bad_query", /shop\.nowhere/],
    [query("select * from things"), reader.href, "source/bad_query", /"things" does not exist/],
    [query("selec 1"), reader.href, "source/bad_query", /syntax error/],
    [
      query("insert into shop.things values (5, 'x') returning *"),
      reader.href,
      "source/bad_query",
      /./,
    ],
    [
      query("with x as (delete from shop.things returning *) select * from x"),
      source.url,
      "source/bad_query",
      /./,
    ],
    [query("select *, $1 from shop.things"), reader.href, "source/bad_query", /./],
    [query("copy shop.things to stdout"), reader.href, "source/bad_query", /syntax error/],
    [query("select * from shop.things for update"), source.url, "source/bad_query", /read-only/],
    [THINGS, other((url) => url.password = "wrong-one-7"), "source/forbidden", /authentication/],
    [THINGS, other((url) => url.pathname = "/nowhere"), "source/no_database", /nowhere/],
    [THINGS, other((url) => url.port = "1"), "source/unreachable", /nothing listens/],
    [THINGS, "https://example.invalid/a.csv", "source/bad_url", /starts with "https:"/],
    [THINGS, "postgres://h/db?sslkey", "source/bad_url", /no user/],
  ];
  for (const [yaml, url, code, words] of cases) {
    const given = yaml.replace('SOURCE_URL}",', 'SOURCE_URL}", retries: 0,');
    const error = await errorOf(load(target.db, given, url));
    expect({ url: url.replace(/7@.*/, ""), yaml, code: error.code }).toEqual({
      url: url.replace(/7@.*/, ""),
      yaml,
      code,
    });
    expect(error.message).toMatch(words);
    expect(error.hint).toBeDefined();
    expect(JSON.stringify(error)).not.toMatch(/of-the-reader-7|wrong-one-7/);
    expect(error.message).toContain("${SOURCE_URL}#");
  }
  const missing = await errorOf(load(target.db, table("shop.nowhere"), reader.href));
  expect(missing.code).toBe("source/not_found");
  // What writes is found out as it runs: nothing is written.
  const marks = query("select shop.leaves_a_mark() as id, '' as name");
  const error = await errorOf(load(target.db, marks, source.url));
  expect([error.code, error.retry]).toEqual(["source/bad_query", "never"]);
  expect(error.message).toMatch(/writes: cannot execute INSERT in a read-only transaction/);
  expect(await source.db.query("select from shop.things where id = 9")).toEqual([]);
  expect(await target.db.query("select from shop.loaded")).toEqual([]);
  await source.db.query(`drop owned by ${role}; drop role ${role}`);
});

Deno.test("names without a schema are looked up where the URL of the source says", async () => {
  await using it = await rig();
  const yaml = THINGS.replace("table: shop.things", "query: select * from things");
  const { partitions } = await load(it.target.db, yaml, `${it.source.url}?search_path=shop`);
  expect(partitions).toMatchObject([{ status: "published", rows_loaded: 3 }]);
});

Deno.test("a table is not loaded into itself, nor a partition of it; another one beside it is", async () => {
  await using it = await rig();
  const { url, db } = it.source;
  const to = (target: string) => THINGS.replace("shop.loaded", target);
  const { partitions } = await load(db, to("shop.copied"), url);
  expect(partitions).toMatchObject([{ status: "published", rows_loaded: 3 }]);
  for (
    const [from, into] of [["shop.things", "shop.things"], ["shop.copied__all__v1", "shop.copied"]]
  ) {
    const yaml = to(into).replace("table: shop.things", `table: ${from}`);
    const error = await errorOf(load(db, yaml, url));
    expect([error.code, error.retry]).toEqual(["plan/source_is_target", "never"]);
  }
});

Deno.test("one state of the source is read, however long it takes", async () => {
  await using it = await rig(`create table shop.many (id integer, name text);
insert into shop.many select n, repeat('x', 500) from generate_series(1, 20000) n;`);
  const { source } = it;
  const plan = planFor(source.url, { table: "shop.many" });
  await using open = await openSource(plan, sourceTestContext());
  let isFirst = true;
  let lines = 0;
  for await (const chunk of chunksOf(open)) {
    if (isFirst) await source.db.query("delete from shop.many; drop table shop.things");
    isFirst = false;
    for (const byte of chunk) if (byte === 10) lines++;
  }
  expect(lines).toBe(20_001);
});

Deno.test("a run that is ended, or leaves early, leaves no statement behind", async () => {
  await using it = await rig();
  const { source } = it;
  const working = async () =>
    (await source.db.query<{ n: number }>(
      `select count(*) as n from pg_stat_activity where datname = current_database()
and pid <> pg_backend_pid() and query like 'copy%'`,
    ))[0].n;
  const reason = new DOMException("ended by the test", "AbortError");
  for (
    const query of [
      "select pg_sleep(600), 1",
      "select n, repeat('x', 900) from generate_series(1, 9e6) n",
    ]
  ) {
    const ended = new AbortController();
    const context = sourceTestContext({}, { signal: ended.signal });
    await using open = await openSource(planFor(source.url, { query }), context);
    const reading = (async () => {
      for await (const _ of chunksOf(open)) ended.abort(reason);
    })();
    if (query.includes("sleep")) {
      await until("it reads", async () => await working() === 1);
      ended.abort(reason);
    }
    await expect(reading).rejects.toBe(reason);
    await open[Symbol.asyncDispose]();
    await until("it reads no more", async () => await working() === 0);
  }
  const left = await openSource(
    planFor(source.url, { query: "select n from generate_series(1, 9e6) n" }),
    sourceTestContext(),
  );
  for await (const _ of chunksOf(left)) break;
  await left[Symbol.asyncDispose]();
  await until("it reads no more", async () => await working() === 0);
});

Deno.test("a broken connection begins the load again, and never joins two readings", async () => {
  await using it = await rig(`create table shop.many (id integer, name text);
insert into shop.many select n, repeat('x', 500) from generate_series(1, 20000) n;`);
  const { source, target } = it;
  const yaml = THINGS.replace("shop.things", "shop.many");
  const ends = async () =>
    (await source.db.query<{ done: boolean }>(
      `select pg_terminate_backend(pid) as done from pg_stat_activity
where datname = current_database() and query like 'copy%' and pid <> pg_backend_pid()`,
    )).length > 0;
  // In the middle of the stream.
  await using open = await openSource(
    planFor(source.url, { table: "shop.many" }),
    sourceTestContext(),
  );
  const error = await failure(async () => {
    for await (const _ of chunksOf(open)) await ends();
  });
  expect([error.code, error.retry]).toEqual(["source/restart_needed", "restart"]);
  expect(error.details.bytes_received).toBeGreaterThan(0);
  // A whole run begins again by itself.
  const variables = { SOURCE_URL: source.url };
  const { context } = testContext(target.db);
  const clock = { ...context.clock, sleep: () => Promise.resolve() };
  let broken = 0;
  const result = await runPipeline(specOf(yaml, FOLDER, variables), ALL, {
    ...context,
    clock,
    secrets: secretsFrom(variables),
    emit: (event) => {
      if (event.type === "partition_started" && broken++ === 0) void ends();
    },
  });
  expect(result.partitions).toMatchObject([{ status: "published", rows_loaded: 20_000 }]);
});

Deno.test("a server that is gone is noticed, and one that thinks is waited for", async () => {
  await using it = await rig();
  const proxy = cuttingProxy(Number(new URL(it.source.url).port));
  await using _proxy = proxy;
  const url = new URL(it.source.url);
  url.port = String(proxy.port);
  const limits = { timeoutSeconds: 1, retries: 0 };
  const slow = planFor(url.href, { query: "select 1 as n, pg_sleep(3)::text as s", ...limits });
  await using open = await openSource(slow, sourceTestContext());
  let text = "";
  for await (const chunk of chunksOf(open)) text += new TextDecoder().decode(chunk);
  expect(text).toBe("n\ts\n1\t\n");
  await using gone = await openSource(slow, sourceTestContext());
  proxy.stall();
  const error = await failure(async () => {
    for await (const _ of chunksOf(gone));
  });
  expect([error.code, error.retry]).toEqual(["source/timeout", "later"]);
});

Deno.test("a table that has got a column is what the contract says, and a load is verified", async () => {
  await using it = await rig("alter table shop.things add extra integer default 7;");
  const { source, target } = it;
  const contract = (mode: string) =>
    `${THINGS}verify: full\nschema_contract: { new_columns: ${mode} }\n`;
  const frozen = await errorOf(load(target.db, contract("freeze"), source.url));
  expect(frozen.code).toBe("rows/schema_mismatch");
  const without = await load(target.db, contract("discard_value"), source.url);
  expect(without.partitions).toMatchObject([{ status: "published", rows_loaded: 3, error: null }]);
  const evolved = await load(target.db, contract("evolve"), source.url);
  expect(evolved.partitions).toMatchObject([{ status: "published", rows_loaded: 3, error: null }]);
  expect(await target.db.query("select id, extra::int from shop.loaded order by id")).toEqual(
    [1, 2, 3].map((id) => ({ id, extra: 7 })),
  );
});

Deno.test("a partition of a list whose table is not there yet is pending", async () => {
  await using it = await rig("create table shop.of_a as select * from shop.things;");
  const { source, target } = it;
  const { partitions } = await load(
    target.db,
    `
pipeline: tables
partitions: { by: list, values: [a, b], missing: pending }
source: { url: "\${SOURCE_URL}", table: "shop.of_{partition}" }
target: { table: shop.loaded }
columns: { id: integer, name: text }
`,
    source.url,
  );
  expect(partitions).toMatchObject([
    { partition: "a", status: "published", rows_loaded: 3 },
    { partition: "b", status: "pending", error: null },
  ]);
});
