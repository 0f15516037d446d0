import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { catalogSnapshot, snapshotChanges, UNCHANGED } from "../support/catalog_snapshot.ts";
import { LEAF, loaded, THREE } from "../support/loaded.ts";
import { ALL, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";

for (
  const [what, decoration, told] of [
    [
      "a rule",
      `create rule quiet as on delete to ${LEAF} do instead nothing`,
      `rule "quiet"`,
    ],
    [
      "a view of the partition",
      `create view shop.direct as select id from ${LEAF}`,
      "view shop.direct (it refers to the partition)",
    ],
    [
      "a materialized view of the partition",
      `create materialized view shop.kept as select id from ${LEAF}`,
      "materialized view shop.kept (it refers to the partition)",
    ],
    [
      "a function of its row",
      `create function shop.of(${LEAF}) returns int language sql as 'select 1'`,
      "(it refers to the partition)",
    ],
    [
      "a column of its row",
      `create table shop.log (entry ${LEAF})`,
      "column entry of table shop.log (it refers to the partition)",
    ],
    [
      "a policy of another table",
      `create table shop.other (id int);
       create policy p on shop.other using (id in (select l.id from ${LEAF} l))`,
      "policy p on table shop.other (it refers to the partition)",
    ],
    [
      "a foreign key to the partition",
      `alter table ${LEAF} add primary key (id);
       create table shop.sales (thing int constraint sold references ${LEAF})`,
      "constraint sold on table shop.sales (it refers to the partition)",
    ],
    [
      "a policy that names the partition",
      `create policy p on ${LEAF} using (exists (
         select from ${LEAF} o where o.id = things__all__v1.zone))`,
      `policy "p" (it names the partition)`,
    ],
    [
      "a foreign key of the table to itself",
      `alter table shop.things add primary key (id);
       alter table shop.things add constraint above foreign key (zone) references shop.things`,
      `foreign key "above" (it points to the table itself)`,
    ],
    [
      "a foreign key of the partition to itself",
      `alter table ${LEAF} add primary key (id);
       alter table ${LEAF} add constraint above foreign key (zone) references ${LEAF}`,
      `foreign key "above" (it points to the partition itself)`,
    ],
  ] as const
) {
  Deno.test(`${what} is refused when a load is planned, and told`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace();
    const { spec } = await loaded(test.db, files.folder, files.write, decoration);
    const { context } = testContext(test.db);
    // Nothing to do is nothing to lose.
    const { partitions: [idle] } = await planPipeline(spec, ALL, context);
    expect(idle.action).toBe("skip");
    files.write("things.csv", `${THREE}4,four,4\n`);
    const before = await catalogSnapshot(test.db, "shop", "things");
    const error = await planPipeline(spec, ALL, context).then(() => null, (error) => error);
    expect(error).toMatchObject({ code: "plan/would_be_lost" });
    expect(error.message).toContain(told);
    expect(error.message).toContain(`The next version of "shop.things" cannot keep`);
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
  });
}

Deno.test("a rollback refuses what a load would refuse", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { spec, again } = await loaded(test.db, files.folder, files.write, "");
  await again(`${THREE}4,four,4\n`);
  await test.db.query("create view shop.direct as select id from shop.things__all__v2");
  await expect(rollbackPipeline(spec, {}, testContext(test.db).context)).rejects.toMatchObject({
    code: "plan/would_be_lost",
  });
});

Deno.test("a role without superuser carries what is its own, and refuses what is not", async () => {
  await using test = await testDatabase();
  using files = workspace();
  const suffix = crypto.randomUUID().slice(0, 8);
  const [loader, group, stranger] = ["loader", "group", "stranger"].map((n) => `${n}_${suffix}`);
  const [{ database }] = await test.db.query<{ database: string }>(
    "select current_database() as database",
  );
  await test.db.query(`
    create role ${loader} login password 'pw'; create role ${group}; create role ${stranger};
    grant ${group} to ${loader};
    grant create on database ${database} to ${loader}`);
  try {
    const url = new URL(test.url);
    url.username = loader;
    url.password = "pw";
    await using db = await connect({ url: url.href });
    const { again } = await loaded(db, files.folder, files.write, "");
    await test.db.query(`grant usage, create on schema shop to ${group};
      alter table ${LEAF} owner to ${group};
      grant select on ${LEAF} to ${stranger};
      comment on table ${LEAF} is 'the group''s'`);
    const before = await catalogSnapshot(test.db, "shop", "things");
    expect(await again(`${THREE}4,four,4\n`)).toMatchObject({ status: "succeeded" });
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
    await test.db.query(`create publication elsewhere for table shop.things__all__v2;
      alter table shop.things__all__v2 owner to ${stranger}`);
    const lost = await again(`${THREE}5,five,5\n`).then(() => null, (error) => error);
    expect(lost).toMatchObject({ code: "plan/would_be_lost" });
    expect(lost.message).toContain(`owner "${stranger}"`);
    expect(lost.message).toContain(`publication "elsewhere"`);
  } finally {
    await test.db.query(`drop schema if exists shop cascade; drop schema if exists sluice cascade;
      drop publication if exists elsewhere`);
    for (const role of [loader, group, stranger]) {
      await test.db.query(`drop owned by ${role} cascade`);
      await test.db.query(`drop role ${role}`);
    }
  }
});
