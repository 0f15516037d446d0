import type { Database } from "../src/db/database.ts";
import { psql, sluice, type SluiceOutput } from "./contestants.ts";
import { type Measured, serverCpu } from "./measure.ts";
import type { PeerColumn } from "./peer.ts";
import type { DuelResult, Load, SluiceLoad } from "./results.ts";
import { differenceOf, sumOf } from "./same_values.ts";

/** The same work by Sluice and by psql. */
export interface Duel {
  readonly id: string;
  readonly title: string;
  /** What psql does for it. */
  readonly against: string;
  /** Rows that a load has. */
  readonly rows: number;
  /** Of what Sluice reads. */
  readonly bytes: number;
  readonly rounds: number;
  /** Of both tables, which are compared after the last round. */
  readonly columns: readonly PeerColumn[];
  readonly ourTable: string;
  readonly theirTable: string;
  /** Before the first round: makes both tables, and warms the files up. */
  prepare(db: Database, url: string): Promise<void>;
  /** Before each load of `\copy`; the round counts from 1. */
  reset?(db: Database, round: number): Promise<void>;
  /** Arguments of Sluice. */
  ours(round: number): readonly string[];
  /** Commands of psql. */
  theirs(round: number): readonly string[];
}

/**
 * Lets Sluice and psql do the work in turn, who begins as well.
 *
 * @throws Error where one of them fails, or where the tables differ afterwards
 */
export async function fight(
  duel: Duel,
  db: Database,
  url: string,
  note: (line: string) => void,
): Promise<DuelResult> {
  const [{ data_directory: data }] = await db.query<{ data_directory: string }>(
    "show data_directory",
  );
  async function timed(work: () => Promise<Measured>): Promise<[Load, Measured]> {
    await db.query("checkpoint");
    const before = await serverCpu(data);
    const measured = await work();
    const after = await serverCpu(data);
    const { seconds, cpuSeconds, peakBytes } = measured;
    const serverCpuSeconds = before === null || after === null ? null : after - before;
    return [{ seconds, clientCpuSeconds: cpuSeconds, serverCpuSeconds, peakBytes }, measured];
  }
  await duel.prepare(db, url);
  const ours: SluiceLoad[] = [];
  const theirs: Load[] = [];
  async function loadOurs(round: number): Promise<void> {
    const [load, { stdout }] = await timed(() => sluice(duel.ours(round), url));
    const output: SluiceOutput = JSON.parse(stdout);
    if (output.rows_loaded !== duel.rows) {
      throw new Error(`${duel.title}: ${output.rows_loaded} rows in place of ${duel.rows}`);
    }
    ours.push({ ...load, phases: phasesOf(output) });
  }
  async function loadTheirs(round: number): Promise<void> {
    await duel.reset?.(db, round);
    theirs.push((await timed(() => psql(duel.theirs(round), url)))[0]);
  }
  for (let round = 1; round <= duel.rounds; round++) {
    const turns = round % 2 === 1 ? [loadOurs, loadTheirs] : [loadTheirs, loadOurs];
    for (const turn of turns) await turn(round);
    note(
      `${duel.id}, round ${round} of ${duel.rounds}: Sluice ${
        ours.at(-1)!.seconds.toFixed(2)
      } s, ` +
        `psql ${theirs.at(-1)!.seconds.toFixed(2)} s`,
    );
  }
  const expected = await sumOf(db, duel.theirTable, duel.columns);
  const difference = differenceOf(await sumOf(db, duel.ourTable, duel.columns), expected);
  if (difference !== null) throw new Error(`${duel.title}: the table of Sluice ${difference}`);
  const { id, title, against, rows, bytes } = duel;
  return { id, title, against, rows, bytes, ours, theirs };
}

/** Seconds of each phase, of all partitions together. */
function phasesOf({ partitions }: SluiceOutput): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { phases } of partitions) {
    for (const [phase, seconds] of Object.entries(phases ?? {})) {
      sums[phase] = (sums[phase] ?? 0) + seconds;
    }
  }
  return sums;
}
