import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import {
  FIRST_SETTINGS,
  FIRST_SETTINGS_UNSET,
  SESSION_SETTINGS,
} from "../../src/db/connection/session_settings.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The test database's URL as a role made for short queries; disposing drops the role. */
async function hastyRole(
  test: TestDatabase,
  settings: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const role = `hasty_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(`create role ${role} login password 'hasty'`);
  for (const [name, value] of Object.entries(settings)) {
    await test.db.query(`alter role ${role} set ${name} = '${value}'`);
  }
  await test.db.query("grant create on schema public to public");
  const url = new URL(test.url);
  url.username = role;
  url.password = "hasty";
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await test.db.query(`drop owned by ${role} cascade`);
      await test.db.query(`drop role ${role}`);
    },
  };
}

/** Longer than a busy machine takes between the login and our settings, which end them. */
const LIMIT = "2s";
const HASTY = {
  statement_timeout: LIMIT,
  lock_timeout: "10ms",
  idle_in_transaction_session_timeout: LIMIT,
  idle_session_timeout: LIMIT,
  default_transaction_isolation: "serializable",
  extra_float_digits: "0",
  intervalstyle: "iso_8601",
};

Deno.test("each session runs with our settings, whatever the role's are", async () => {
  await using test = await testDatabase();
  await using role = await hastyRole(test, HASTY);
  await using db = await connect({ url: role.url });
  const read = async (from = db) => {
    const rows = await from.query<{ name: string; value: string }>(
      `select name, current_setting(name) as value from pg_settings where name = any ($1)`,
      [SESSION_SETTINGS.map(({ name }) => name)],
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  };
  const settings = await read();
  expect(settings).toMatchObject({
    statement_timeout: "0",
    lock_timeout: "1min",
    idle_in_transaction_session_timeout: "1min",
    idle_session_timeout: "0",
    default_transaction_isolation: "read committed",
    extra_float_digits: "1",
    IntervalStyle: "postgres",
  });
  // A session gives back what was set in it, and keeps ours, and what the URL sets.
  const url = new URL(role.url);
  url.searchParams.set("options", "-c idle_session_timeout=5000");
  await using byUrl = await connect({ url: url.href, maxConnections: 1 });
  for (const each of [db, byUrl]) {
    const before = await read(each);
    for (const setting of ["lock_timeout", "statement_timeout", "idle_session_timeout"]) {
      await using session = await each.session();
      await session.query(`set ${setting} = '61s'`);
    }
    expect(await read(each)).toEqual(before);
  }
  expect(await read(byUrl)).toEqual({ ...settings, idle_session_timeout: "5s" });
});

Deno.test("a copy and a lock's session outlive the timeouts of the role", async () => {
  await using test = await testDatabase();
  await using role = await hastyRole(test, HASTY);
  await using db = await connect({ url: role.url });
  await db.query("create table public.t (a int)");
  await using session = await db.session();
  const copy = await db.copyIn("copy public.t from stdin");
  await copy.write(new TextEncoder().encode("1\n"));
  await db.transaction(async (tx) => {
    await tx.query("select 1");
    await pause(2400);
    await tx.query("select pg_sleep(2.4)");
  });
  expect(await copy.finish()).toBe(1);
  expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("what the URL or PGOPTIONS sets wins over our settings", async () => {
  await using test = await testDatabase();
  await using byUrl = await connect({ url: `${test.url}?statement_timeout=150ms` });
  await expect(byUrl.query("select pg_sleep(5)")).rejects.toMatchObject({
    code: "db/canceled",
    postgres: { code: "57014" },
  });
  const variables = { PGOPTIONS: "-c lock_timeout=150ms -c jit=off" };
  await using byOptions = await connect({ url: test.url, variables });
  await test.db.query("create table t (a int)");
  await using holder = await test.db.session();
  await holder.query("begin; lock table t in access exclusive mode");
  await expect(byOptions.query("select from public.t")).rejects.toMatchObject({
    code: "db/lock_timeout",
    retry: "later",
    postgres: { code: "55P03" },
  });
  {
    await using _session = await byOptions.session();
  }
  // After a session was reset as well.
  expect(await byOptions.query("select current_setting('lock_timeout') as t")).toEqual([
    { t: "150ms" },
  ]);
});

Deno.test("a client that hangs in a transaction loses it and its locks, and is told", async () => {
  await using test = await testDatabase();
  await test.db.query("create table t (a int)");
  await using db = await connect({ url: `${test.url}?idle_in_transaction_session_timeout=100ms` });
  const hanging = db.transaction(async (tx) => {
    await tx.query("lock table public.t in access exclusive mode");
    await pause(400);
    expect(await test.db.query("select count(*) as n from t")).toEqual([{ n: 0 }]);
    await tx.query("insert into public.t values (1)");
  });
  await expect(hanging).rejects.toMatchObject({ retry: "later" });
  expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
});

Deno.test("application_name is the command's, unless the URL or PGAPPNAME has one", async () => {
  await using test = await testDatabase();
  const name = async (query: string, variables = {}) => {
    const url = test.url + query;
    await using db = await connect({ url, variables, applicationName: "sluice run" });
    const [{ name }] = await db.query<{ name: string }>(
      "select application_name as name from pg_stat_activity where pid = pg_backend_pid()",
    );
    return name;
  };
  expect(await name("")).toBe("sluice run");
  expect(await name("", { PGAPPNAME: "nightly" })).toBe("nightly");
  expect(await name("?application_name=mine", { PGAPPNAME: "nightly" })).toBe("mine");
});

Deno.test("docs/database.md lists each setting with its value", () => {
  const docs = Deno.readTextFileSync(new URL("../../docs/database.md", import.meta.url));
  const rows = docs.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  for (const { name, value } of SESSION_SETTINGS) {
    const row = rows.find((cells) => cells[1] === `\`${name}\``);
    expect([name, row?.[2]]).toEqual([name, `\`${value}\``]);
  }
});

Deno.test("a client that sets nothing is told the same without the view of all settings", async () => {
  await using test = await testDatabase();
  const first = async (sql: string) => {
    const [{ path, settings }] = await test.db.query<{ path: string | null; settings: string[] }>(
      sql,
    );
    return { path, settings: settings.toSorted() };
  };
  const short = await first(FIRST_SETTINGS_UNSET);
  expect(short).toEqual(await first(FIRST_SETTINGS));
  expect(short.settings).toContain("statement_timeout");
});
