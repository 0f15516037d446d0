import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import type { LoadRecord } from "../../src/ledger/ledger.ts";
import { migrate, readLedger } from "../../src/ledger/mod.ts";
import { chainOf, versionsOf } from "../../src/plan/versions.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { testDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";
import { testSeed } from "../support/seed.ts";

const TARGET = "shop.things";
const RUN = "6f1c1f0e-7b1e-4c0e-9d0a-000000000001";

/** A load as far as this test makes it up. */
interface Made extends Pick<LoadRecord, "partition" | "version" | "state" | "basedOn"> {
  readonly merged: boolean;
}

/** Any order of states, merges and exchanges, of several partitions or of a whole table. */
function makeUp(random: () => number): Made[] {
  const partitions = random() < 0.3
    ? [null]
    : ["2024-01", "2024-02", "ä", "Z", "a", "10", "9"].slice(0, between(random, 1, 7));
  return partitions.flatMap((partition) => {
    const count = between(random, 1, 8);
    const live = random() < 0.8 ? between(random, 1, count) : 0;
    return Array.from({ length: count }, (_, at): Made => {
      const version = at + 1;
      return {
        partition,
        version,
        state: version === live
          ? "live"
          : pick(random, ["dropped", "dropped", "retained", "rolled_back"]),
        merged: random() < 0.4,
        basedOn: version > 1 && random() < 0.8 ? between(random, 1, version - 1) : null,
      };
    });
  });
}

async function write(db: Database, loads: readonly Made[]): Promise<void> {
  await db.query("delete from sluice.loads");
  for (const { partition, version, state, merged, basedOn } of loads) {
    await db.query(
      `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema,
  table_name, source_url, rows, spec_hash, state, merge, based_on)
values ('things', $1, $2, $3, $4::uuid, 'shop', $5, '', 1, '', $6, $7::text::jsonb, $8)`,
      [
        TARGET,
        partition,
        version,
        RUN,
        `things__${partition ?? "all"}__v${version}`,
        state,
        merged ? `{"kind":"rows","key":[],"before":false}` : null,
        basedOn,
      ],
    );
  }
}

Deno.test("of a ledger is read all that a plan depends on, and no more than that", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  await test.db.query(
    `insert into sluice.runs (id, pipeline, target, spec_hash, status)
values ($1::uuid, 'things', $2, '', 'succeeded')`,
    [RUN, TARGET],
  );
  const first = testSeed();
  for (let seed = first; seed < first + rounds(30); seed++) {
    const random = randomFrom(seed);
    const made = makeUp(random);
    await write(test.db, made);
    const { loads } = await readLedger(test.db, TARGET);
    const seen = (each: Pick<LoadRecord, "partition" | "version">) =>
      `${each.partition ?? "all"} ${each.version}`;
    const all = made.map((each) => ({
      ...each,
      merge: each.merged ? { kind: "rows", key: [], before: false } : null,
    })) as unknown as LoadRecord[];
    const below = new Set(
      all.flatMap((load) => chainOf(versionsOf({ loads: all }, load.partition), load)).map(seen),
    );
    const wanted = all.filter((load) =>
      load.state !== "dropped" || load.merge !== null ||
      load === versionsOf({ loads: all }, load.partition).at(-1) ||
      // Below a merge: the rows of the merge come on top of its own.
      below.has(seen(load)) && all.some((each) =>
          each.partition === load.partition && each.merge !== null && each.basedOn === load.version
        )
    );
    expect([seed, loads.map(seen).toSorted()]).toEqual([seed, wanted.map(seen).toSorted()]);
    for (const [partition, versions] of Map.groupBy(loads, (load) => load.partition)) {
      const numbers = versions.map(({ version }) => version);
      expect([partition, numbers]).toEqual([partition, numbers.toSorted((a, b) => a - b)]);
    }
  }
});

Deno.test("a version whose table could not be dropped with it is read", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  await test.db.query(
    `insert into sluice.runs (id, pipeline, target, spec_hash, status)
values ($1::uuid, 'things', $2, '', 'succeeded')`,
    [RUN, TARGET],
  );
  const version = (version: number, state: LoadRecord["state"]): Made => ({
    partition: null,
    version,
    state,
    merged: false,
    basedOn: null,
  });
  await write(test.db, [version(1, "dropped"), version(2, "dropped"), version(3, "live")]);
  await test.db.query(
    `create schema shop;
create table shop.things__all__v1 ();
insert into sluice.tables (table_oid, ledger_oid, target, kind, table_schema, table_name)
values ('shop.things__all__v1'::regclass, 'sluice.loads'::regclass, '${TARGET}', 'version', 'shop',
  'things__all__v1')`,
  );
  const { loads } = await readLedger(test.db, TARGET);
  expect(loads.map(({ version }) => version)).toEqual([1, 3]);
});
