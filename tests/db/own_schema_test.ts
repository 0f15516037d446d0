import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { requireOwnSchema } from "../../src/db/own_schema.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { openQueue } from "../../src/distribute/queue.ts";
import { migrate, readHistory, readRejects } from "../../src/ledger/mod.ts";
import { readLastRuns } from "../../src/observe/run_history.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer }
`;

/** Roles of one test, dropped at the end; the loader may create in the database. */
async function roles(test: TestDatabase) {
  const id = crypto.randomUUID().slice(0, 8);
  const [loader, stranger, group] = [`loader_${id}`, `stranger_${id}`, `group_${id}`];
  const [{ name }] = await test.db.query<{ name: string }>("select current_database() as name");
  await test.db.query(`create role ${loader} login password 'x';
create role ${stranger} login password 'x'; create role ${group};
grant create on database ${name} to ${loader}, ${stranger}, ${group}`);
  const open = async (role: string) => {
    const url = new URL(test.url);
    url.username = role;
    url.password = "x";
    return { url: url.href, db: await connect({ url: url.href, maxConnections: 2 }) };
  };
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    const all = [loader, stranger, group].join(", ");
    await test.db.query(`drop owned by ${all} cascade`);
    await test.db.query(`drop role ${all}`);
  });
  const asLoader = await open(loader);
  stack.use(asLoader.db);
  const asStranger = await open(stranger);
  stack.use(asStranger.db);
  const all = stack.move();
  return {
    loader,
    stranger,
    group,
    url: asLoader.url,
    db: asLoader.db,
    theirs: asStranger.db,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const FOREIGN = { code: "db/foreign_schema", retry: "never" };

for (const as of ["a role", "a superuser"]) {
  Deno.test(`schemas that a stranger made before us are refused to ${as}, and stay as they are`, async () => {
    await using test = await testDatabase();
    await using all = await roles(test);
    const { stranger, theirs } = all;
    const [db, url] = as === "a role" ? [all.db, all.url] : [test.db, test.url];
    await theirs.query(`create schema sluice; grant all on schema sluice to public;
create schema sluice_jobs; grant all on schema sluice_jobs to public`);
    using files = workspace({ "things.csv": "id\n1\n" });
    const spec = specOf(YAML, files.folder);
    const told = {
      ...FOREIGN,
      message: expect.stringContaining(`schema sluice belongs to the role "${stranger}"`),
      hint: expect.stringContaining(`grant "${stranger}" to`),
    };
    const { context } = testContext(db);
    await expect(migrate(db)).rejects.toMatchObject(told);
    await expect(run(db, spec)).rejects.toMatchObject(told);
    await expect(planPipeline(spec, ALL, context)).rejects.toMatchObject(told);
    await expect(readHistory(db, spec)).rejects.toMatchObject(told);
    await expect(readRejects(db, spec, { limit: 1 })).rejects.toMatchObject(told);
    await expect(readLastRuns(db)).rejects.toMatchObject(told);
    await expect(openQueue(await resolveTarget(url), "test", 2)).rejects.toMatchObject({
      code: "db/queue",
      message: expect.stringContaining(`schema sluice_jobs belongs to the role "${stranger}"`),
    });
    const tables = await test.db.query(
      "select from pg_class where relnamespace::regnamespace::text in ('sluice', 'sluice_jobs')",
    );
    expect(tables).toEqual([]);
  });
}

Deno.test("a schema of a role that we are a member of is ours, through others as well; a superuser's too", async () => {
  await using test = await testDatabase();
  await using all = await roles(test);
  const { loader, stranger, group, db } = all;
  await test.db.query(`create schema sluice authorization ${stranger};
create schema mine authorization current_user`);
  await requireOwnSchema(db, "mine");
  await requireOwnSchema(db, "nothing");
  await expect(requireOwnSchema(db, "sluice")).rejects.toMatchObject(FOREIGN);
  await test.db.query(`grant ${stranger} to ${group}; grant ${group} to ${loader}`);
  await requireOwnSchema(db, "sluice");
  // Who may act for every role is a member of none.
  await expect(requireOwnSchema(test.db, "sluice")).rejects.toMatchObject(FOREIGN);
  await test.db.query(`revoke ${stranger} from ${group}`);
  await expect(requireOwnSchema(db, "sluice")).rejects.toMatchObject(FOREIGN);
});

/** What somebody can have put into a schema of ours, and what is said of it. */
const FOREIGN_THINGS: Readonly<Record<string, { make: string; told: string }>> = {
  "a trigger": {
    make: `create trigger spy before insert on SCHEMA.TABLE for each row
execute function theirs.spy()`,
    told:
      'function theirs.spy() (used by trigger spy on table SCHEMA.TABLE) belongs to the role "WHO"',
  },
  "a trigger of a view": {
    make: `create view SCHEMA.seen as select 1 as one; alter view SCHEMA.seen owner to ME;
create trigger spy instead of insert on SCHEMA.seen for each row execute function theirs.spy()`,
    told:
      'function theirs.spy() (used by trigger spy on view SCHEMA.seen) belongs to the role "WHO"',
  },
  "a default": {
    make: "alter table SCHEMA.TABLE add column spy int default theirs.number()",
    told:
      'function theirs.number() (used by default value for column spy of table SCHEMA.TABLE) belongs to the role "WHO"',
  },
  "a constraint": {
    make: "alter table SCHEMA.TABLE add constraint spy check (theirs.number() > 0) not valid",
    told:
      'function theirs.number() (used by constraint spy on table SCHEMA.TABLE) belongs to the role "WHO"',
  },
  "an index": {
    make: "create index spy on SCHEMA.TABLE ((theirs.number()))",
    told: 'function theirs.number() (used by index SCHEMA.spy) belongs to the role "WHO"',
  },
  "a policy": {
    make: "create policy spy on SCHEMA.TABLE using (theirs.number() > 0)",
    told:
      'function theirs.number() (used by policy spy on table SCHEMA.TABLE) belongs to the role "WHO"',
  },
  "a column's type": {
    make: "alter table SCHEMA.TABLE add column spy theirs.kind",
    told: 'type theirs.kind (used by table SCHEMA.TABLE) belongs to the role "WHO"',
  },
  "a rule": {
    make: "create rule spy as on insert to SCHEMA.TABLE do instead nothing",
    told: "rule spy on table SCHEMA.TABLE changes what statements do",
  },
  "a table": {
    make: "create table SCHEMA.spy (a int); alter table SCHEMA.spy owner to WHO",
    told: 'table SCHEMA.spy belongs to the role "WHO"',
  },
  "a table of ours that was given away": {
    make: "alter table SCHEMA.TABLE owner to WHO",
    told: 'table SCHEMA.TABLE belongs to the role "WHO"',
  },
  "a view of theirs": {
    make: "create view SCHEMA.spy as select 1 as one; alter view SCHEMA.spy owner to WHO",
    told: 'view SCHEMA.spy belongs to the role "WHO"',
  },
  "a function": {
    make: `create function SCHEMA.spy() returns int language sql as 'select 1';
alter function SCHEMA.spy() owner to WHO`,
    told: 'function SCHEMA.spy() belongs to the role "WHO"',
  },
  "row-level security that binds the owner": {
    make: "alter table SCHEMA.TABLE enable row level security, force row level security",
    told: "row-level security hides rows of table SCHEMA.TABLE",
  },
};

Deno.test("whatever a stranger has put into the schemas is refused and named, and the schema is used again once it is gone", async (t) => {
  await using test = await testDatabase();
  await using all = await roles(test);
  const { loader, stranger, url, db, theirs } = all;
  await theirs.query(`create schema theirs; grant usage on schema theirs to public;
create function theirs.spy() returns trigger language plpgsql as 'begin return null; end';
create function theirs.number() returns int immutable language sql as 'select 1';
create type theirs.kind as enum ('a')`);
  await migrate(db);
  {
    await using _queue = await openQueue(await resolveTarget(url), "test", 2);
  }
  for (const [schema, table] of [["sluice", "runs"], ["sluice_jobs", "_private_jobs"]]) {
    for (const [what, { make, told }] of Object.entries(FOREIGN_THINGS)) {
      await t.step(`${what} in ${schema}`, async () => {
        const fill = (text: string) =>
          text.replaceAll("SCHEMA", schema).replaceAll("TABLE", table)
            .replaceAll("WHO", stranger).replaceAll("ME", loader);
        await using session = await test.db.session();
        await session.query("begin");
        await session.query(fill(make));
        // What was made without a word on its owner is the superuser's, who is trusted.
        await session.query(`set local role ${loader}`);
        await session.query("set local search_path to pg_catalog, pg_temp");
        await expect(requireOwnSchema(session, schema)).rejects.toMatchObject({
          ...FOREIGN,
          message: expect.stringContaining(fill(told)),
        });
        await session.query("rollback");
        await requireOwnSchema(db, schema);
      });
    }
  }
});

Deno.test("a trigger of our own role on the ledger stays, and runs", async () => {
  await using test = await testDatabase();
  await using all = await roles(test);
  const { db } = all;
  await migrate(db);
  await db.query(`create table sluice.heard (pipeline text);
create function sluice.hear() returns trigger language plpgsql as
  'begin insert into sluice.heard values (new.pipeline); return new; end';
create trigger hear after insert on sluice.runs for each row execute function sluice.hear()`);
  using files = workspace({ "things.csv": "id\n1\n" });
  expect(await run(db, specOf(YAML, files.folder))).toMatchObject({ status: "succeeded" });
  expect(await db.query("select pipeline from sluice.heard")).toEqual([{ pipeline: "things" }]);
});
