/**
 * The same work by Sluice and by psql, in turn, for files of many shapes.
 *
 *     deno task bench:shapes [--only month,key,upsert,year,narrow,wide,quoted,texts,numeric,json]
 *                            [--rounds N] [--share 0.1] [--out FILE]
 *
 * Measured are the whole process, the CPU time of the client and of the server, and the most memory of
 * the client; a hash compares every value of both tables. `--share` takes a part of the rows, for a
 * look. Prints a table; without options it writes `bench/results/shapes.json`, from which
 * `deno task bench:write` makes docs/performance.md; `--out` writes to another file.
 */
import { parseArgs } from "node:util";
import { connect } from "../src/db/connection/connect.ts";
import { fight } from "./duel.ts";
import { DATA, type DuelPlan, DUELS } from "./duels.ts";
import { describeMachine, writeResults } from "./machine.ts";
import { machineLine, shapesTable } from "./report.ts";
import type { DuelResult, ShapesFile } from "./results.ts";
import { inScratchDatabase } from "./scratch_database.ts";

async function main(): Promise<void> {
  const { plans, rounds, share, out } = readOptions(Deno.args);
  await inScratchDatabase("bench_shapes", async (url) => {
    await using db = await connect({ url, maxConnections: 1 });
    await db.query("create schema bench");
    const machine = await describeMachine(db);
    const duels: DuelResult[] = [];
    for (const plan of plans) {
      console.error(`${plan.id}: making files, where they are missing`);
      const duel = await plan.make({ folder: DATA, share, rounds });
      duels.push(await fight(duel, db, url, console.error));
      for (const table of [duel.ourTable, duel.theirTable]) {
        await db.query(`drop table ${table} cascade`);
      }
    }
    const file: ShapesFile = { machine, duels };
    console.log(`${machineLine(machine)}\n`);
    for (const line of shapesTable(file)) console.log(line);
    const isWhole = plans.length === DUELS.length && share === 1 && rounds === null;
    if (out !== null || isWhole) await writeResults("shapes", out, file);
  });
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      share: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  const share = Number(values.share);
  if (!(share > 0 && share <= 1)) throw new Error(`--share is above 0, up to 1: "${values.share}"`);
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds >= 1)) {
    throw new Error(`--rounds is a whole number from 1: "${values.rounds}"`);
  }
  return { plans: chosen(values.only), rounds, share, out: values.out ?? null };
}

function chosen(only: string | undefined): readonly DuelPlan[] {
  if (only === undefined) return DUELS;
  return only.split(",").map((name) => {
    const plan = DUELS.find(({ id }) => id === name);
    if (plan !== undefined) return plan;
    throw new Error(`--only takes ${DUELS.map(({ id }) => id).join(", ")}: "${name}"`);
  });
}

if (import.meta.main) await main();
