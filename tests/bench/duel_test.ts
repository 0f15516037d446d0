import { expect } from "packages/expect.ts";
import { type Duel, fight } from "../../bench/duel.ts";
import { DUELS } from "../../bench/duels.ts";
import type { DuelResult } from "../../bench/results.ts";
import { SHAPES, writeShape } from "../../bench/shape_files.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { testDatabase } from "../support/postgres.ts";

/** A thousandth of the rows: enough for a hundredth of them to be changed. */
const SHARE = 0.001;

async function withoutPsql(): Promise<boolean> {
  try {
    await new Deno.Command("psql", { args: ["--version"], stdout: "null" }).output();
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped: there is no psql");
    return true;
  }
}

async function duelOf(
  id: string,
  rounds: number,
  change: (duel: Duel) => Duel = (duel) => duel,
) {
  await using test = await testDatabase();
  const folder = await Deno.makeTempDir({ prefix: "sluice-duel-" });
  try {
    const plan = DUELS.find((each) => each.id === id)!;
    const duel = await plan.make({ folder, share: SHARE, rounds });
    await using db = await connect({ url: test.url, maxConnections: 1 });
    await db.query("create schema bench");
    const result = await fight(change(duel), db, test.url, () => {});
    const [counts] = await db.query<Record<string, number>>(
      `select (select count(*) from ${duel.ourTable}) as ours,
         (select count(*) from pg_indexes where format('%I.%I', schemaname, tablename) = $1)
           as indexes`,
      [duel.theirTable],
    );
    return { result, counts };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function expectMeasured({ ours, theirs }: DuelResult): void {
  for (const load of [...ours, ...theirs]) {
    expect(load.seconds).toBeGreaterThan(0);
    if (Deno.build.os !== "linux") continue;
    expect(load.clientCpuSeconds).toBeGreaterThan(0);
    expect(load.serverCpuSeconds).toBeGreaterThanOrEqual(0);
  }
  for (const { phases } of ours) expect(Object.keys(phases)).toContain("publish");
}

for (
  const { id, rows, indexes, rounds } of [
    { id: "month", rows: 1370, indexes: 0, rounds: 2 },
    { id: "key", rows: 1370, indexes: 3, rounds: 1 },
    { id: "upsert", rows: 1370, indexes: 1, rounds: 1 },
    { id: "wide", rows: 100, indexes: 0, rounds: 1 },
    { id: "quoted", rows: 1000, indexes: 0, rounds: 1 },
    { id: "json", rows: 600, indexes: 0, rounds: 1 },
  ]
) {
  Deno.test(`Sluice and psql do the same work, measured in turn: ${id}`, async () => {
    if (await withoutPsql()) return;
    const { result, counts } = await duelOf(id, rounds);
    expect(result.rows).toBe(rows);
    expect([result.ours.length, result.theirs.length]).toEqual([rounds, rounds]);
    expect(counts).toEqual({ ours: rows, indexes });
    expectMeasured(result);
  });
}

Deno.test("whoever does less work, or other work, gets no result", async () => {
  if (await withoutPsql()) return;
  const change = (sql: string) => (duel: Duel): Duel => ({
    ...duel,
    theirs: (round) => [...duel.theirs(round), sql.replace("TABLE", duel.theirTable)],
  });
  const other = duelOf("json", 1, change("update TABLE set flag = not flag where id = 1000000007"));
  await expect(other).rejects.toThrow("the table of Sluice holds other values");
  const less = duelOf("json", 1, change("delete from TABLE where id = 1000000007"));
  await expect(less).rejects.toThrow("the table of Sluice has 600 rows in place of 599");
});

Deno.test("a file of a shape is the same whenever it is made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sluice-shapes-" });
  try {
    for (const shape of SHAPES) {
      const [first, second] = await Promise.all(
        ["a", "b"].map(async (name) =>
          Deno.readTextFileSync(await writeShape(`${folder}/${name}`, shape, 50))
        ),
      );
      expect(first).toBe(second);
      const lines = first.trimEnd().split("\n");
      expect(lines).toHaveLength(51);
      expect(lines[0].split(",")).toHaveLength(shape.columns.length);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
