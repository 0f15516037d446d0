import { expect } from "packages/expect.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase } from "../support/postgres.ts";

const yaml = (mode: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
`;

const csv = (name: string) => `id,name\n1,${name}\n`;

const live = async ({ db }: TestDatabase) => await db.query("select id, name from shop.things");

for (const mode of ["full", "append", "upsert", "history"]) {
  for (const lost of ["all", "live", "kept"]) {
    Deno.test(`${mode}: rows of sluice.tables that were deleted (${lost}) are no dead end`, async () => {
      await using test = await ledgerDatabase();
      using files = workspace();
      const spec = specOf(yaml(mode), files.folder);
      const { context } = testContext(test.db);
      for (const name of ["a", "b", "c"]) {
        files.write("things.csv", csv(name));
        await run(test.db, spec);
      }
      const of = lost === "all" ? "" : `where table_oid in (select table_oid from sluice.loads
        where state ${lost === "live" ? "=" : "<>"} 'live')`;
      await test.db.query(`delete from sluice.tables ${of}`);
      expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
      files.write("things.csv", csv("d"));
      const { notes } = await planPipeline(spec, ALL, context);
      expect(notes).toEqual([]);
      expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
      await rollbackPipeline(spec, {}, context);
      await rollbackPipeline(spec, { to: 4 }, context);
      // What is kept no longer goes, as before.
      for (const name of ["e", "f", "g", "h"]) {
        files.write("things.csv", csv(name));
        expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
      }
      const [{ n }] = await test.db.query<{ n: number }>(
        `select count(*)::int as n from pg_class
where relkind = 'r' and relnamespace = 'shop'::regnamespace and relname ~ '__v[0-9]+$'`,
      );
      // The oldest merge can be taken back as long as the one below it is kept.
      expect(n).toBe(spec.target.versions + (mode === "full" ? 1 : 0));
      if (mode === "full") expect(await live(test)).toEqual([{ id: 1, name: "h" }]);
    });
  }
}

Deno.test("a table that somebody took is not taken back from what the loads know", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const spec = specOf(yaml("full"), files.folder);
  for (const name of ["a", "b"]) {
    files.write("things.csv", csv(name));
    await run(test.db, spec);
  }
  await test.db.query("alter table shop.things__all__v1 rename to mine");
  files.write("things.csv", csv("c"));
  await run(test.db, spec);
  await test.db.query("alter table shop.mine rename to things__all__v1");
  await test.db.query("update shop.things__all__v1 set name = 'mine'");
  for (const name of ["d", "e", "f", "g", "h"]) {
    files.write("things.csv", csv(name));
    await run(test.db, spec);
  }
  await expect(rollbackPipeline(spec, { to: 1 }, testContext(test.db).context)).rejects.toThrow();
  expect(await test.db.query("select name from shop.things__all__v1")).toEqual([{ name: "mine" }]);
  expect(await live(test)).toEqual([{ id: 1, name: "h" }]);
});

Deno.test("another table under the name of a lost one is not taken for it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const spec = specOf(yaml("full"), files.folder);
  files.write("things.csv", csv("a"));
  await run(test.db, spec);
  await test.db.query(`drop table shop.things__all__v1; delete from sluice.tables;
    create table shop.things__all__v1 (like shop.things including all);
    insert into shop.things__all__v1 values (7, 'mine');
    alter table shop.things attach partition shop.things__all__v1 default`);
  files.write("things.csv", csv("b"));
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "plan/partition_taken",
    message: expect.stringContaining("things__all__v1"),
    hint: expect.stringContaining("detach partition"),
  });
  expect(await live(test)).toEqual([{ id: 7, name: "mine" }]);
});

for (const mode of ["full", "upsert"]) {
  Deno.test(`${mode}: staging of a version that recorded no tables is named, with what drops it`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": csv("a") });
    const spec = specOf(yaml(mode), files.folder);
    await run(test.db, spec);
    await test.db.query(`
      create table shop.things__all__v2 as select 7 as id;
      comment on table shop.things__all__v2 is 'Sluice staging: not published';
      create table shop.things__mine as select 7 as id;
      comment on table shop.things__mine is 'Sluice staging: not published';
      create table shop.things__all__v9 as select 7 as id`);
    const { context } = testContext(test.db);
    const { notes } = await planPipeline(spec, ALL, context);
    expect(notes).toEqual([
      expect.stringMatching(
        /^shop\.things__all__v2 looks like .* drop table "shop"\."things__all__v2"$/,
      ),
    ]);
    files.write("things.csv", csv("b"));
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
    expect(await test.db.query("select id from shop.things__all__v2")).toEqual([{ id: 7 }]);
    await test.db.query('drop table "shop"."things__all__v2"');
    expect((await planPipeline(spec, ALL, context)).notes).toEqual([]);
  });
}
