import { expect } from "packages/expect.ts";
import { readTableProperties } from "../../src/db/catalog/table_properties.ts";
import { testDatabase } from "../support/postgres.ts";

Deno.test("readTableProperties knows when there is no table", async () => {
  await using test = await testDatabase();
  await test.db.query("create view v as select 1 as one");
  expect(await readTableProperties(test.db, { schema: "public", table: "t" })).toBe(null);
  expect(await readTableProperties(test.db, { schema: "nowhere", table: "t" })).toBe(null);
  expect(await readTableProperties(test.db, { schema: "public", table: "v" })).toBe(null);
});

Deno.test("readTableProperties reads a plain table, its settings and its column's", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create table t (id int primary key, name text default 'x', gone int,
      twice int generated always as (id * 2) stored, n int generated always as identity)
      with (fillfactor = 50, toast.autovacuum_enabled = off);
    alter table t drop column gone;
    alter table t alter name set statistics 9, alter name set storage main,
      alter name set compression pglz, alter name set (n_distinct = 4);
    comment on table t is 'a table'; comment on column t.name is 'a name';
    grant select (name) on t to public;
    alter table t replica identity full`);
  const properties = await readTableProperties(test.db, { schema: "public", table: "t" });
  expect(properties?.leaves).toEqual({});
  const own = properties!.own;
  expect(own).toMatchObject({
    name: { schema: "public", table: "t" },
    owner: properties!.role,
    ownable: true,
    comment: "a table",
    unlogged: false,
    options: ["fillfactor=50", "toast.autovacuum_enabled=off"],
    tablespace: properties!.newTablespace,
    accessMethod: "heap",
    replicaIdentity: "full",
    policies: [],
    rules: [],
    dependents: [],
  });
  expect(own.grants.filter(({ column }) => column !== null)).toEqual([
    { grantee: null, privilege: "SELECT", column: "name", grantable: false },
  ]);
  // The sequence of an identity goes with the column, and is none that somebody gave it.
  expect(own.sequences).toEqual([]);
  expect(own.columns.map(({ name }) => name)).toEqual(["id", "name", "twice", "n"]);
  expect(own.columns[1]).toEqual({
    name: "name",
    notNull: false,
    notNullName: null,
    default: "'x'::text",
    identity: false,
    sequence: null,
    statistics: 9,
    storage: "main",
    compression: "pglz",
    options: ["n_distinct=4"],
    comment: "a name",
  });
  expect(own.columns[2]).toMatchObject({ default: null, identity: false });
  expect(own.columns[3]).toMatchObject({ identity: true, sequence: "public.t_n_seq" });
});

Deno.test("readTableProperties takes definitions apart, whatever is in them", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create schema "s ON ""x""";
    create table "s ON ""x"""."t USING" (id int, "a"" ON b" text);
    create index "i ON (" on "s ON ""x"""."t USING"
      ("a"" ON b" collate "C" text_pattern_ops desc, (id + 1))
      include (id) with (fillfactor = 77) where "a"" ON b" <> ' WITH (fillfactor=1) WHERE ';
    create unique index u on "s ON ""x"""."t USING" (id) where id > 0;
    create function "s ON ""x""".f() returns trigger language plpgsql as 'begin return null; end';
    create trigger "g ON" after insert or delete or update of "a"" ON b" on "s ON ""x"""."t USING"
      for each row when (pg_trigger_depth() = 0) execute function "s ON ""x""".f(' ON ')`);
  const properties = await readTableProperties(test.db, { schema: `s ON "x"`, table: "t USING" });
  const [index, unique] = properties!.own.indexes;
  expect(index).toMatchObject({
    name: "i ON (",
    unique: false,
    columns: [`a" ON b`],
    definition:
      `USING btree ("a"" ON b" COLLATE "C" text_pattern_ops DESC, ((id + 1))) INCLUDE (id)`,
    where: `("a"" ON b" <> ' WITH (fillfactor=1) WHERE '::text)`,
    options: ["fillfactor=77"],
    constraint: null,
  });
  expect(unique).toMatchObject({ unique: true, columns: ["id"], where: "(id > 0)" });
  expect(properties!.own.triggers).toEqual([{
    name: "g ON",
    inherited: false,
    head: `CREATE TRIGGER "g ON" AFTER INSERT OR DELETE OR UPDATE OF "a"" ON b"`,
    tail: `FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION "s ON ""x""".f(' ON ')`,
    enabled: "origin",
    comment: null,
  }]);
});

Deno.test("readTableProperties tells what comes from the parent, and reads the tables asked for", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create table t (id int, zone int) partition by list (id);
    create table t__1 partition of t for values in (1);
    create table t__0 (id int, zone int);
    create table t__00 (id int);
    alter table t add primary key (id);
    alter table t add check (zone > 0);
    create index extra on t__1 (zone);
    create function f() returns trigger language plpgsql as 'begin return null; end';
    create trigger each after insert on t for each row execute function f();
    create trigger mine after insert on t__1 for each row execute function f();
    create table other (id int references t);
    create view direct as select * from t__1; create view above as select * from t;
    create sequence numbers owned by t__1.zone`);
  const table = { schema: "public", table: "t" };
  const properties = await readTableProperties(test.db, table);
  expect(Object.keys(properties!.leaves)).toEqual(["t__1"]);
  const named = await readTableProperties(test.db, table, ["t__1", "t__0", "t__gone"]);
  expect(Object.keys(named!.leaves).sort()).toEqual(["t__0", "t__1"]);
  expect(named!.leaves.t__1).toEqual(properties!.leaves.t__1);
  expect((await readTableProperties(test.db, table, []))!.leaves).toEqual({});
  const leaf = properties!.leaves.t__1;
  expect(leaf.indexes.map(({ name, parent, constraint }) => [name, parent, constraint?.name]))
    .toEqual([["t__1_pkey", "t_pkey", "t__1_pkey"], ["extra", null, undefined]]);
  expect(leaf.constraints.map(({ name, inherited }) => [name, inherited]))
    .toEqual([["t_zone_check", true]]);
  expect(leaf.triggers.map(({ name, inherited }) => [name, inherited]))
    .toEqual([["each", true], ["mine", false]]);
  // The key of `other` goes to the parent: Postgres minds the partitions itself.
  expect(leaf.dependents).toEqual(["view direct"]);
  expect(leaf.sequences).toEqual([{
    name: { schema: "public", table: "numbers" },
    column: "zone",
  }]);
  expect(properties!.own.indexes.map(({ definition }) => definition)).toEqual(["USING btree (id)"]);
});

Deno.test("readTableProperties knows what new tables grant", async () => {
  await using test = await testDatabase();
  const { newGrants, role } = (await (async () => {
    await test.db.query(`create table t ();
      alter default privileges in schema public grant insert on tables to public;
      alter default privileges grant select on tables to public;
      alter default privileges revoke delete on tables from current_user`);
    return await readTableProperties(test.db, { schema: "public", table: "t" });
  })())!;
  await test.db.query("create table made ()");
  const made = await readTableProperties(test.db, { schema: "public", table: "made" });
  const sorted = (grants: typeof newGrants) => grants.map((grant) => JSON.stringify(grant)).sort();
  expect(sorted(newGrants)).toEqual(sorted(made!.own.grants));
  expect(newGrants).toContainEqual(
    { grantee: null, privilege: "INSERT", column: null, grantable: false },
  );
  expect(newGrants.some(({ grantee, privilege }) => grantee === role && privilege === "DELETE"))
    .toBe(false);
});
