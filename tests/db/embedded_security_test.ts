import { join } from "node:path";
import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { startEmbedded, stopEmbedded } from "../../src/db/embedded/mod.ts";

const windows = Deno.build.os === "windows";

Deno.test("who loads is no superuser, and SQL gets it neither files nor programs", async (t) => {
  await using project = await makeProject();
  const { folder } = project;
  await using server = await startEmbedded({ folder });
  await using db = await connect({ url: server.url });
  const target = join(server.dataFolder, "postgresql.auto.conf");
  const before = await Deno.readTextFile(target);
  const hostile = [
    `select lo_export(lo_from_bytea(0, 'x'), '${target}')`,
    `select lo_import('/etc/passwd')`,
    `select pg_read_file('/etc/passwd')`,
    `select pg_ls_dir('/')`,
    `copy (select 1) to '${target}'`,
    "copy (select 1) to program 'id'",
    "set role sluice",
    "set session authorization sluice",
    "grant pg_execute_server_program to sluice_loader",
    "grant sluice to sluice_loader",
    "create role other superuser",
    "alter role sluice_loader superuser",
    "alter role sluice password 'known'",
    "alter system set archive_command = 'id'",
    "alter database sluice set session_preload_libraries = 'x'",
    "create extension dblink",
    "create function f() returns int language internal as 'pg_backend_pid'",
    "create function f() returns int language c as '/tmp/x'",
    "select set_config('session_preload_libraries', 'x', false)",
    "load '/tmp/x'",
    "delete from pg_catalog.pg_authid",
    `select query_to_xml('copy (select 1) to program ''id''', true, true, '')`,
  ];
  for (const sql of hostile) {
    await t.step(sql, async () => {
      await expect(db.query(sql)).rejects.toMatchObject({
        postgres: { code: expect.stringMatching(/^(42501|0LP01|0A000)$/) },
      });
    });
  }
  expect(await Deno.readTextFile(target)).toBe(before);
  await t.step("it may do what a loader and the psql of its user need", async () => {
    await db.query("create schema shop create table t (id int)");
    await db.query("create table public.t (id int)");
    await db.query("create role reader");
    await db.query("grant usage on schema shop to reader");
    await db.query("create database other");
    await db.query("create extension hstore");
  });
});

Deno.test("a data folder in which the superuser loaded is handed over to who loads now", async () => {
  await using project = await makeProject();
  const { folder } = project;
  {
    await using server = await startEmbedded({ folder });
    await using db = await connect({ url: server.superuserUrl });
    // As an earlier version left it.
    for (
      const sql of [
        "drop owned by sluice_loader",
        "alter database sluice owner to sluice",
        "drop role sluice_loader",
        'create schema "My ""Shop"',
        'set search_path = "My ""Shop"',
        "create type mood as enum ('a', 'b')",
        "create type span as range (subtype = float8)",
        "create type pair as (a int, b mood)",
        "create domain small as int check (value < 10)",
        "create sequence free",
        "create table parent (id int generated always as identity, s serial, t text) partition by range (id)",
        "create table part partition of parent for values from (0) to (10)",
        `create table "T.x" (id int primary key, m mood, d small)`,
        "create view v as select * from parent",
        "create materialized view mv as select 1 as one",
        "create function f(a mood, b int default 1) returns int language sql as 'select 1'",
        "create procedure p() language sql as 'select 1'",
        "create aggregate total (int) (sfunc = int4pl, stype = int)",
        "create extension hstore",
        "insert into parent (t) values ('kept')",
        "create table public.plain (id int)",
      ]
    ) await db.query(sql);
  }
  await using server = await startEmbedded({ folder });
  await using admin = await connect({ url: server.superuserUrl });
  const left = await admin.query(
    `select oid::regclass::text as name from pg_class
where relowner = 10 and oid >= 16384 and relkind <> 'i' and relnamespace <> 'pg_toast'::regnamespace
union all select oid::regprocedure::text from pg_proc p where proowner = 10 and oid >= 16384
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all select oid::regtype::text from pg_type p where typowner = 10 and oid >= 16384
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype in ('e', 'i'))
union all select nspname from pg_namespace where nspowner = 10 and oid >= 16384 and nspname !~ '^pg_'`,
  );
  expect(left).toEqual([]);
  await using db = await connect({ url: server.url });
  await db.query(`set search_path = "My ""Shop"`);
  expect(await db.query("select t from parent")).toEqual([{ t: "kept" }]);
  await db.query("insert into parent (t) values ('more')");
  await db.query("alter table parent add column u mood");
  await db.query(`drop table "T.x"`);
  await db.query("drop table public.plain");
});

Deno.test({
  name: "a program or library that something else put among ours is not run",
  ignore: windows,
  async fn(t) {
    await using project = await makeProject();
    const { folder } = project;
    const mark = join(project.path, "mark");
    const script = `#!/bin/sh\necho run > "${mark}"\n`;
    const runtime = join(folder, "postgres", "runtime");
    const pgCtl = join(runtime, "bin", "pg_ctl");
    await using _ = await startEmbedded({ folder }).then(async (
      server,
    ) => (await server.stop(), server));
    const mended = async () => {
      {
        await using server = await startEmbedded({ folder });
        await using db = await connect({ url: server.url });
        expect(await db.query("select 1 as one")).toEqual([{ one: 1 }]);
      }
      await expect(Deno.lstat(mark)).rejects.toThrow(Deno.errors.NotFound);
      const files = [...Deno.readDirSync(join(folder, "postgres"))].map(({ name }) => name);
      expect(files.filter((name) => name.startsWith("runtime."))).toEqual(["runtime.lock"]);
    };
    const cases: Record<string, () => Promise<void>> = {
      "another program": () => replace(pgCtl, script),
      "another program of the same length": async () => {
        const { size } = await Deno.stat(pgCtl);
        await replace(pgCtl, script.padEnd(size, "#"));
      },
      "a link in place of a program": async () => {
        await replace(join(project.path, "evil"), script);
        await Deno.remove(pgCtl);
        await Deno.symlink(join(project.path, "evil"), pgCtl);
      },
      "a link in place of a folder": async () => {
        await Deno.rename(join(runtime, "bin"), join(project.path, "bin"));
        await replace(join(project.path, "bin", "pg_ctl"), script);
        await Deno.symlink(join(project.path, "bin"), join(runtime, "bin"));
      },
      "a link in place of the whole": async () => {
        await Deno.rename(runtime, join(project.path, "elsewhere"));
        await replace(join(project.path, "elsewhere", "bin", "pg_ctl"), script);
        await Deno.symlink(join(project.path, "elsewhere"), runtime);
      },
      "a library more": () => replace(join(runtime, "lib", "libc.so.6"), "no library"),
      "a program that is gone": () => Deno.remove(join(runtime, "bin", "postgres")),
      "a script that initdb runs": () =>
        Deno.writeTextFile(join(runtime, "share", "postgresql", "evil.sql"), "select 1"),
    };
    for (const [name, change] of Object.entries(cases)) {
      await t.step(name, async () => {
        await change();
        await mended();
      });
    }
    await t.step("changed while the server runs", async () => {
      await using server = await startEmbedded({ folder });
      await replace(pgCtl, script);
      await server.stop();
      await mended();
    });
    // What a link pointed to is not ours to remove.
    expect((await Deno.stat(join(project.path, "elsewhere", "bin", "initdb"))).isFile).toBe(true);
  },
});

async function replace(path: string, text: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
  await Deno.writeTextFile(path, text, { mode: 0o755 });
  await Deno.chmod(path, 0o755);
}

async function makeProject(): Promise<
  AsyncDisposable & { readonly path: string; readonly folder: string }
> {
  const path = await Deno.makeTempDir({ prefix: "sluice_test_" });
  if (!windows) await Deno.chmod(path, 0o755);
  const folder = join(path, ".sluice");
  return {
    path,
    folder,
    async [Symbol.asyncDispose]() {
      await stopEmbedded(folder).catch(() => {});
      await Deno.remove(path, { recursive: true });
    },
  };
}
