import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { withUserPath } from "../../src/db/user_path.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { connectError } from "../../src/db/connection/connect_error.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";

Deno.test("testDatabase gives an empty database that answers", async () => {
  await using test = await testDatabase();
  expect(await test.db.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("query returns values in the documented forms", async () => {
  await using test = await testDatabase();
  const [row] = await test.db.query(
    `select 9007199254740991::int8 as safe, 9007199254740993::int8 as big, 1.50::numeric as exact,
      0.1::float8 as double, true as yes, null::int as nothing, '{"a": [1]}'::jsonb as json,
      date '2021-02-28' as day, timestamp '2021-02-28 12:00:00.123456' as local,
      timestamptz '2021-02-28 12:00:00+02' as instant, timestamp 'infinity' as never,
      '\\x00ff5c'::bytea as bytes, 'a''"ü'::text as text, array[1, 2] as list`,
  );
  expect(row).toEqual({
    safe: 9007199254740991,
    big: 9007199254740993n,
    exact: "1.50",
    double: 0.1,
    yes: true,
    nothing: null,
    json: { a: [1] },
    day: "2021-02-28",
    local: "2021-02-28T12:00:00.123456",
    instant: "2021-02-28T10:00:00Z",
    never: "infinity",
    bytes: new Uint8Array([0, 255, 92]),
    text: `a'"ü`,
    list: "{1,2}",
  });
});

Deno.test("query sends parameters as the types the server wants", async () => {
  await using test = await testDatabase();
  const [row] = await test.db.query(
    `select $1::bytea as bytes, $2::text as flag, $3::jsonb as json, $4::text[] as list,
      $5::jsonb as json_list, $6::timestamptz as micro, $7::int8 as big, $8::int is null as nothing,
      $9::jsonb as json_text, (select sum(x) from unnest($10::int[]) as x)::int as total`,
    [
      new Uint8Array([0, 1, 254]),
      true,
      { a: 'b"c' },
      ['a"b', "c\\d", null, "", "e,f"],
      [1, "x"],
      "2021-01-01 00:00:00.123456+00",
      9007199254740993n,
      undefined,
      '"plain"',
      [1, 2, 3],
    ],
  );
  expect(row).toEqual({
    bytes: new Uint8Array([0, 1, 254]),
    flag: "true",
    json: { a: 'b"c' },
    list: '{"a\\"b","c\\\\d",NULL,"","e,f"}',
    json_list: [1, "x"],
    micro: "2021-01-01T00:00:00.123456Z",
    big: 9007199254740993n,
    nothing: true,
    json_text: "plain",
    total: 6,
  });
});

Deno.test("query reads bytea from a server that escapes it", async () => {
  await using test = await testDatabase();
  await using session = await test.db.session();
  await session.query("set bytea_output = 'escape'");
  const [{ bytes }] = await session.query<{ bytes: Uint8Array }>(
    `select '\\x00415c27ff'::bytea as bytes`,
  );
  expect(bytes).toEqual(new Uint8Array([0, 0x41, 0x5c, 0x27, 0xff]));
});

Deno.test("query returns the rows of the last of several statements", async () => {
  await using test = await testDatabase();
  expect(await test.db.query("select 1 as a; select 2 as b")).toEqual([{ b: 2 }]);
  expect(await test.db.query("create table t (x int); create table u (x int)")).toEqual([]);
});

Deno.test("query reports an error of Postgres with every field it sent", async () => {
  await using test = await testDatabase();
  await test.db.query("create table t (a int constraint a_key unique)");
  await test.db.query("insert into t values ($1)", [1]);
  const error = await failure(test.db.query("insert into t values ($1)", [1]));
  expect(error.code).toBe("db/unique_violation");
  expect(error.retry).toBe("never");
  expect(error.message).toBe(
    'duplicate key value violates unique constraint "a_key": Key (a)=(1) already exists',
  );
  expect(error.postgres).toMatchObject({
    severity: "ERROR",
    code: "23505",
    detail: "Key (a)=(1) already exists.",
    schema: "public",
    table: "t",
    constraint: "a_key",
    routine: "_bt_check_unique",
  });
  const wrong = await failure(test.db.query("select nothing_such"));
  expect([wrong.code, wrong.postgres?.position]).toEqual(["db/unknown_column", "8"]);
});

Deno.test("connect explains a wrong password and never shows it", async () => {
  await using test = await testDatabase();
  const url = new URL(test.url);
  url.password = "wr0ng-s3cret";
  const error = await failure(connect({ url: url.href }));
  expect(error.code).toBe("db/authentication");
  expect(error.retry).toBe("never");
  expect(error.postgres?.code).toBe("28P01");
  expect(error.hint).toContain("password");
  expect(Deno.inspect(error)).not.toContain("wr0ng-s3cret");
  expect(JSON.stringify(error)).not.toContain("wr0ng-s3cret");
});

Deno.test("connect explains an unknown database", async () => {
  await using test = await testDatabase();
  const url = new URL(test.url);
  url.pathname = "/no_such_database";
  const error = await failure(connect({ url: url.href }));
  expect(error.code).toBe("db/unknown_database");
  expect(error.message).toContain('database "no_such_database" does not exist');
});

Deno.test("connect explains a port at which nothing listens", async () => {
  const error = await failure(connect({ url: `postgres://u:hidden@127.0.0.1:${unusedPort()}/d` }));
  expect(error.code).toBe("db/refused");
  expect(error.retry).toBe("later");
  expect(error.message).not.toContain("hidden");
});

Deno.test("connect explains a Unix socket that is not there", async () => {
  const error = await failure(connect({ url: "postgres://u@/d?host=/no/such/folder" }));
  expect(error.code).toBe("db/refused");
  expect(error.message).toContain("%2Fno%2Fsuch%2Ffolder");
});

Deno.test("connect explains a host name without an address", async () => {
  const error = await failure(connect({ url: "postgres://u:p@no-such-host.invalid/d" }));
  expect(error.code).toBe("db/unknown_host");
});

Deno.test("connect gives up on a server that hangs up during the login", async () => {
  await using server = fakeServer((connection) => connection.close());
  const error = await failure(connect({ url: `postgres://u:p@127.0.0.1:${server.port}/d` }));
  expect(error.code).toBe("db/hung_up");
});

for (const code of ["CONNECTION_CLOSED", "ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPIPE"]) {
  Deno.test(`connect tells ${code} as what it is: the other side has hung up`, async () => {
    const target = await resolveTarget("postgres://u:p@127.0.0.1:1/d");
    const error = connectError(Object.assign(new Error("ended"), { code }), target);
    // A worker that begins while its server restarts waits for it.
    expect(error).toMatchObject({ code: "db/hung_up", retry: "later" });
  });
}

Deno.test("connect gives up on a server that never answers", async () => {
  await using server = fakeServer(() => {});
  const error = await failure(
    connect({ url: `postgres://u:p@127.0.0.1:${server.port}/d?connect_timeout=0.2` }),
  );
  expect(error.code).toBe("db/connect_timeout");
});

Deno.test("connect stops when its signal aborts", async () => {
  const stop = new AbortController();
  await using server = fakeServer(() => stop.abort(new Error("enough")));
  const url = `postgres://u:p@127.0.0.1:${server.port}/d`;
  await expect(connect({ url, signal: stop.signal })).rejects.toThrow("enough");
});

Deno.test("connect refuses a server without encryption where the URL requires it", async () => {
  await using test = await testDatabase();
  const error = await failure(connect({ url: `${test.url}?sslmode=require` }));
  expect(error.code).toBe("db/tls");
  expect(error.hint).toContain("sslmode=disable");
  await using plain = await connect({ url: `${test.url}?sslmode=prefer` });
  expect(await plain.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("connect reveals secrets in the URL and describes itself without them", async () => {
  await using test = await testDatabase();
  const { username, password, host, pathname } = new URL(test.url);
  const secrets = secretsFrom({ DB_PASSWORD: password });
  await using db = await connect({
    url: `postgresql://${username}:\${DB_PASSWORD}@${host}${pathname}`,
    applicationName: "sluice test",
    secrets,
  });
  const [row] = await db.query(`select current_setting('application_name') as name`);
  expect(row).toEqual({ name: "sluice test" });
  expect(db.describe).toBe(`postgres://${username}@${host}${pathname}`);
});

Deno.test("connect passes settings of the URL on, and keeps its path for SQL of the user's", async () => {
  await using test = await testDatabase();
  const SETTINGS =
    `select current_setting('work_mem') as work_mem, current_setting('search_path') as path`;
  const ours = "pg_catalog, pg_temp";
  for (
    const [query, path] of [
      ["?options=-c%20work_mem%3D5MB&search_path=x", "x"],
      ["?options=-c%20work_mem%3D5MB%20-c%20search_path%3Da,%22b%22", 'a,"b"'],
      ["?work_mem=5MB", null],
    ] as const
  ) {
    await using db = await connect({ url: test.url + query });
    expect(db.userPath).toBe(path);
    const seen = async () => (await db.query(SETTINGS))[0];
    const users = async () => (await withUserPath(db, (tx) => tx.query(SETTINGS)))[0];
    expect(await seen()).toEqual({ work_mem: "5MB", path: ours });
    expect(await users()).toEqual({ work_mem: "5MB", path: path ?? ours });
    {
      await using session = await db.session();
      await session.query("set search_path to nowhere");
    }
    // After a transaction that had the user's, and after a session was given back.
    expect(await seen()).toEqual({ work_mem: "5MB", path: ours });
  }
});

Deno.test("connect says which word of the URL the server does not know as a setting", async () => {
  await using test = await testDatabase();
  for (
    const query of ["sslmod=require", "no_such_setting=1", "work_mem=lots", "max_connections=9"]
  ) {
    const [name] = query.split("=");
    const error = await connect({ url: `${test.url}?${query}` }).then(
      () => null,
      (error) => error as SluiceError,
    );
    expect([query, error?.code, error?.retry]).toEqual([query, "db/bad_url", "never"]);
    expect(error!.hint).toContain(`"${name}" in the database URL is not a connection parameter`);
  }
});

Deno.test("transaction commits what succeeded and rolls back what threw", async () => {
  await using test = await testDatabase();
  await test.db.query("create table t (a int)");
  expect(await test.db.transaction((tx) => tx.query("insert into t values (1) returning a")))
    .toEqual([{ a: 1 }]);
  const boom = test.db.transaction(async (tx) => {
    await tx.query("insert into t values (2)");
    throw new Error("boom");
  });
  await expect(boom).rejects.toThrow("boom");
  expect(await test.db.query("select a from t")).toEqual([{ a: 1 }]);
});

Deno.test("transaction never reports success where an error was swallowed", async () => {
  await using test = await testDatabase();
  await test.db.query("create table t (a int)");
  const error = await failure(test.db.transaction(async (tx) => {
    await tx.query("insert into t values (1)");
    await tx.query("select nothing_such").catch(() => {});
  }));
  expect(error.code).toBe("db/transaction_aborted");
  expect(await test.db.query("select a from t")).toEqual([]);
});

Deno.test("transaction says that a commit without an answer may have taken effect", async () => {
  await using test = await testDatabase();
  await test.db.query("create table t (a int primary key deferrable initially deferred)");
  // A deferred trigger runs inside COMMIT: there the session ends itself.
  await test.db.query(`create function die() returns trigger language plpgsql as
    'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return null; end'`);
  await test.db.query(`create constraint trigger die after insert on t
    deferrable initially deferred for each row execute function die()`);
  const error = await failure(
    test.db.transaction((tx) => tx.query("insert into t values (1)")),
  );
  expect([error.code, error.retry]).toEqual(["db/commit_unknown", "later"]);
});

Deno.test("transaction cannot be used after it ended", async () => {
  await using test = await testDatabase();
  const tx = await test.db.transaction((tx) => Promise.resolve(tx));
  await expect(tx.query("select 1")).rejects.toThrow("after it ended");
});

Deno.test("a connection dropped during a query fails that query and no later one", async () => {
  await using test = await testDatabase();
  const sleeping = failure(test.db.query("select pg_sleep(60)"));
  await terminate(test.db, "select pg_sleep(60)");
  const error = await sleeping;
  expect([error.code, error.retry]).toEqual(["db/connection_lost", "later"]);
  expect(await test.db.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("a connection dropped while idle is replaced", async () => {
  await using test = await testDatabase();
  await using other = await connect({ url: test.url, applicationName: "other" });
  await test.db.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'other'",
  );
  // What it is asked before it has noticed fails, once.
  await until("the connection is replaced", async () => {
    try {
      return (await other.query<{ one: number }>("select 1 as one"))[0].one === 1;
    } catch (error) {
      expect(error).toMatchObject({ code: "db/connection_lost" });
      return false;
    }
  });
});

Deno.test("a dropped session throws from then on, rather than lose its locks unnoticed", async () => {
  await using test = await testDatabase();
  await using session = await test.db.session();
  const [{ pid }] = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
  await test.db.query("select pg_terminate_backend($1)", [pid]);
  for (let attempt = 0; attempt < 2; attempt++) {
    expect((await failure(session.query("select 1"))).code).toBe("db/connection_lost");
  }
});

Deno.test("a session says that it was dropped before anybody asks it anything", async () => {
  await using test = await testDatabase();
  await using session = await test.db.session();
  const lost = new Promise((resolve) =>
    session.lost!.addEventListener("abort", () => resolve(session.lost!.reason))
  );
  expect(session.lost!.aborted).toBe(false);
  const [{ pid }] = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
  await test.db.query("select pg_terminate_backend($1)", [pid]);
  expect(await lost).toMatchObject({ code: "db/connection_lost" });
});

Deno.test("a transaction whose connection dropped throws from then on", async () => {
  await using test = await testDatabase();
  const error = await failure(test.db.transaction(async (tx) => {
    const [{ pid }] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
    await test.db.query("select pg_terminate_backend($1)", [pid]);
    await tx.query("select 1").catch(() => {});
    await tx.query("select 1");
  }));
  expect(error.code).toBe("db/connection_lost");
});

Deno.test("session gives its locks and settings back when disposed", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url, maxConnections: 1 });
  {
    await using session = await db.session();
    await session.query("set work_mem = '3MB'");
    await session.query("select pg_advisory_lock(7)");
  }
  const [row] = await db.query(
    "select current_setting('work_mem') as mem, (select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())) as locks",
  );
  expect(row).toMatchObject({ locks: 0 });
  expect(row).not.toMatchObject({ mem: "3MB" });
});

Deno.test("a pool never opens more connections than it may, and all callers get their turn", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url, maxConnections: 2, applicationName: "pool" });
  const counts = await Promise.all(
    Array.from({ length: 12 }, () =>
      db.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity, pg_sleep(0.01) where application_name = 'pool'",
      )),
  );
  expect(Math.max(...counts.map(([{ n }]) => n))).toBeLessThanOrEqual(2);
});

Deno.test("cancelRunning ends what runs and leaves the connections usable", async () => {
  await using test = await testDatabase();
  await using db = await connect({ url: test.url });
  const sleeping = failure(db.query("select pg_sleep(60)"));
  await active(test.db, "select pg_sleep(60)");
  expect(await db.cancelRunning()).toBe(1);
  expect((await sleeping).code).toBe("db/canceled");
  expect(await db.cancelRunning()).toBe(0);
  expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("a disposed database cannot be used", async () => {
  await using test = await testDatabase();
  const db = await connect({ url: test.url });
  await db[Symbol.asyncDispose]();
  await expect(db.query("select 1")).rejects.toThrow("after it was disposed");
});

/** The SluiceError that a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<SluiceError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error("It was expected to fail");
}

async function active(
  db: { query<R>(sql: string, params?: unknown[]): Promise<R[]> },
  sql: string,
): Promise<number> {
  for (;;) {
    const [found] = await db.query<{ pid: number }>(
      "select pid from pg_stat_activity where query = $1 and state = 'active'",
      [sql],
    );
    if (found !== undefined) return found.pid;
  }
}

async function terminate(
  db: { query<R>(sql: string, params?: unknown[]): Promise<R[]> },
  sql: string,
): Promise<void> {
  await db.query("select pg_terminate_backend($1)", [await active(db, sql)]);
}

function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A server that is no Postgres. */
function fakeServer(onConnect: (connection: Deno.Conn) => void) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      onConnect(connection);
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
      for (const connection of open) {
        try {
          connection.close();
        } catch { /* closed already */ }
      }
    },
  };
}
