import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { catalogSnapshot, snapshotChanges, UNCHANGED } from "../support/catalog_snapshot.ts";
import { run, specOf, testContext, type Workspace, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, serverVersion } from "../support/postgres.ts";

/** Targets of each shape that an exchange can have. */
const SHAPES = [
  {
    shape: "plain",
    partition: null,
    partitions: "",
    column: "",
    key: "id",
    leaf: "trips__all__v1",
  },
  {
    shape: "list",
    partition: "2021-01",
    partitions: "partitions: { by: month, from: 2021-01, to: 2021-02 }",
    column: ", partition_column: file_month",
    key: "id, file_month",
    leaf: "trips__2021_01__v1",
  },
  {
    shape: "range",
    partition: "2021-01",
    partitions: "partitions: { by: month, from: 2021-01, to: 2021-02 }",
    column: ", partition_column: at",
    key: "id, at",
    leaf: "trips__2021_01__v1",
  },
] as const;

type Shape = (typeof SHAPES)[number];

function specFor({ shape, partitions, column }: Shape, folder: string, rest = ""): PipelineSpec {
  return specOf(
    `
pipeline: trips
${partitions}
source: { url: "trips_${partitions === "" ? "2021-01" : "{month}"}.csv" }
target: { table: shop.trips${column}, indexes: [[note]], versions: 3 }
idempotency_key: [${shape === "range" ? "id, at" : "id"}]
columns:
  id: { type: bigint, required: true }
  at: { type: timestamp, required: true }
  note: text
  zone: integer
${rest}`,
    folder,
  );
}

function csv(version: number, month = "01"): string {
  const rows = Array.from(
    { length: 50 },
    (_, at) =>
      `${at},2021-${month}-${String(at % 28 + 1).padStart(2, "0")},n${version}_${at},${at % 5}`,
  );
  return `id,at,note,zone\n${rows.join("\n")}\n`;
}

/** Two months, then other content for the first of them with each version. */
function write(files: Workspace, version: number): void {
  files.write("trips_2021-01.csv", csv(version));
  if (version === 1) files.write("trips_2021-02.csv", csv(version, "02"));
}

/** Puts on the table, and on one of its partitions, everything that there is to put on them. */
async function decorate(db: Database, { key, leaf }: Shape, [owner, reader, writer]: string[]) {
  const version = await serverVersion(db);
  await db.query(`
    create role ${owner}; create role ${reader}; create role ${writer};
    grant usage, create on schema shop to ${owner};
    alter default privileges in schema shop grant insert on tables to ${writer};
    create table shop.zones (zone integer primary key, name text);
    insert into shop.zones select z, 'zone ' || z from generate_series(0, 9) z;
    create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
    create type shop.pair as (a int, b int);

    alter table shop.trips add constraint trips_zone foreign key (zone) references shop.zones
      on delete set null deferrable initially deferred;
    alter table shop.trips add constraint "Trips pk" primary key (${key});
    alter table shop.trips add constraint trips_twice unique (${key}, note) include (zone);
    alter table shop.trips add constraint zone_small check (zone < 100);
    create index "trips lower" on shop.trips (lower(note) desc nulls last, zone)
      include (at) with (fillfactor = 80) where zone is not null;
    create index trips_collated on shop.trips (note collate "C" text_pattern_ops);
    create index trips_brin on shop.trips using brin (at) with (pages_per_range = 16);
    create statistics shop.trips_stats (dependencies, mcv) on zone, note from shop.trips;
    alter table shop.trips alter note set statistics 50;
    alter table shop.trips add column made timestamptz default now();
    alter table shop.trips add column twice integer generated always as (zone * 2) stored;
    comment on table shop.trips is 'all ''trips''';
    comment on column shop.trips.note is 'a note';
    comment on index shop.trips_brin is 'by time';
    comment on constraint "Trips pk" on shop.trips is 'the key';
    grant select on shop.trips to ${reader} with grant option;
    grant update (note), select (zone) on shop.trips to ${writer};
    alter table shop.trips enable row level security, force row level security;
    create policy mine on shop.trips for select to ${reader} using (zone > 1);
    create trigger each_row before insert or update of note on shop.trips for each row
      when (new.zone > 1) execute function shop.touch('a');
    create trigger all_rows after delete on shop.trips referencing old table as gone
      for each statement execute function shop.touch();
    create view shop.recent with (security_barrier) as select * from shop.trips where zone > 2;
    create materialized view shop.counts as select zone, count(*) as n from shop.trips group by zone;
    create publication everything_${owner} for table shop.trips
      with (publish_via_partition_root = true);

    alter table shop.${leaf} owner to ${owner};
    grant select, insert on shop.${leaf} to ${reader} with grant option;
    grant update (note), references (id) on shop.${leaf} to ${writer};
    revoke insert on shop.${leaf} from ${writer};
    comment on table shop.${leaf} is 'the partition';
    comment on column shop.${leaf}.zone is 'its zone';
    alter table shop.${leaf} set (fillfactor = 70, autovacuum_enabled = off,
      toast.autovacuum_enabled = off);
    alter table shop.${leaf} alter note set statistics 300;
    alter table shop.${leaf} alter note set storage external;
    alter table shop.${leaf} alter note set compression pglz;
    alter table shop.${leaf} alter zone set (n_distinct = 5);
    alter table shop.${leaf} alter zone set default 7;
    alter table shop.${leaf} alter note set not null;
    alter table shop.${leaf} add constraint "note long" check (length(note) < 100);
    comment on constraint "note long" on shop.${leaf} is 'not too long';
    alter table shop.${leaf} add constraint leaf_zone foreign key (zone) references shop.zones (zone)
      on update cascade;
    create unique index leaf_unique on shop.${leaf} (id, lower(note)) where id > 0;
    create index leaf_expression on shop.${leaf} ((zone + 1), (note || 'x'));
    alter index shop.leaf_expression alter column 1 set statistics 77;
    comment on index shop.leaf_expression is 'one more';
    alter table shop.${leaf} add constraint leaf_key unique (id, at, note);
    comment on constraint leaf_key on shop.${leaf} is 'of the partition';
    alter table shop.${leaf} cluster on leaf_expression;
    alter table shop.${leaf} replica identity using index ${leaf}_k;
    create statistics shop.leaf_stats (ndistinct) on zone, at from shop.${leaf};
    alter statistics shop.leaf_stats set statistics 42;
    create statistics shop.leaf_lower on lower(note) from shop.${leaf};
    comment on statistics shop.leaf_stats is 'together';
    alter table shop.${leaf} enable row level security;
    create policy leaf_policy on shop.${leaf} as restrictive for update to ${reader}, ${writer}
      using (zone > 3) with check (zone in (select z.zone from shop.zones z));
    comment on policy leaf_policy on shop.${leaf} is 'careful';
    create trigger leaf_trigger before insert or delete or update of note, zone on shop.${leaf}
      for each row execute function shop.touch('x', '%');
    alter table shop.${leaf} enable always trigger leaf_trigger;
    comment on trigger leaf_trigger on shop.${leaf} is 'of the partition';
    create constraint trigger leaf_late after insert on shop.${leaf}
      deferrable initially deferred for each row when (new.zone is not null)
      execute function shop.touch();
    alter table shop.${leaf} disable trigger each_row;
    create sequence shop.leaf_numbers;
    alter sequence shop.leaf_numbers owner to ${owner};
    alter sequence shop.leaf_numbers owned by shop.${leaf}.zone;
    create publication one_${owner} for table shop.${leaf}${
    version >= 150000 ? ` (id, ${key.includes("file_month") ? "file_month, " : ""}at, note)` : ""
  };
  `);
}

async function inRoles(db: Database, work: (roles: string[]) => Promise<void>): Promise<void> {
  const suffix = crypto.randomUUID().slice(0, 8);
  const roles = ["owner", "reader", "writer"].map((name) => `${name}_${suffix}`);
  try {
    await work(roles);
  } finally {
    for (const role of roles) {
      await db.query(`do $$ begin if exists (select from pg_roles where rolname = '${role}') then
        drop owned by ${role} cascade; drop role ${role}; end if; end $$`);
    }
  }
}

async function expectUnchanged(db: Database, before: readonly string[]): Promise<void> {
  const after = await catalogSnapshot(db, "shop", "trips");
  expect(snapshotChanges(before, after)).toEqual(UNCHANGED);
  expect(after.length).toBe(before.length);
}

async function back(db: Database, spec: PipelineSpec, to: number, partition: string | null) {
  const request = { to, ...(partition === null ? {} : { partition }) };
  await rollbackPipeline(spec, request, testContext(db).context);
}

for (const shape of SHAPES) {
  Deno.test(`everything on a ${shape.shape} target is as it was after publishes and rollbacks`, async () => {
    await using test = await ledgerDatabase();
    await inRoles(test.db, async (roles) => {
      using files = workspace();
      const spec = specFor(shape, files.folder);
      write(files, 1);
      expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
      await decorate(test.db, shape, roles);
      const before = await catalogSnapshot(test.db, "shop", "trips");
      expect(before.length).toBeGreaterThan(100);
      for (const version of [2, 3]) {
        write(files, version);
        const result = await run(test.db, spec);
        expect(result.partitions[0]).toMatchObject({ status: "published", version, error: null });
        await expectUnchanged(test.db, before);
      }
      for (const to of [2, 1, 3]) {
        await back(test.db, spec, to, shape.partition);
        const [row] = await test.db.query(
          "select note from shop.trips where id = 5 order by at limit 1",
        );
        expect(row).toEqual({ note: `n${to}_5` });
        await expectUnchanged(test.db, before);
      }
    });
  });
}
