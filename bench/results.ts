import type { Machine } from "./machine.ts";
import { median } from "./measure.ts";
import type { RaceResults } from "./peer_race.ts";

/** One load: what it took of the clock, of the processors on both sides, and of memory. */
export interface Load {
  readonly seconds: number;
  /** Null: the system does not tell. */
  readonly clientCpuSeconds: number | null;
  readonly serverCpuSeconds: number | null;
  /** Of the client. */
  readonly peakBytes: number | null;
}

/** What `bench/results/peers.json` holds. */
export interface PeersFile extends RaceResults {
  readonly machine: Machine;
  readonly file: { readonly rows: number; readonly columns: number; readonly bytes: number };
  readonly rounds: number;
}

/** One load of Sluice. */
export interface SluiceLoad extends Load {
  /** Seconds by phase, of all partitions; `read`, `parse` and `copy` go on at the same time. */
  readonly phases: Readonly<Record<string, number>>;
}

/** The same work by Sluice and by psql, in turn. */
export interface DuelResult {
  readonly id: string;
  readonly title: string;
  /** What psql did. */
  readonly against: string;
  readonly rows: number;
  readonly bytes: number;
  readonly ours: readonly SluiceLoad[];
  readonly theirs: readonly Load[];
}

/** What `bench/results/shapes.json` holds. */
export interface ShapesFile {
  readonly machine: Machine;
  readonly duels: readonly DuelResult[];
}

/** Medians of loads; memory: the most. */
export function summarize(loads: readonly Load[]): Load {
  const of = (what: (load: Load) => number | null, choose: (values: number[]) => number) => {
    const values = loads.map(what).filter((value) => value !== null);
    return values.length === 0 ? null : choose(values);
  };
  return {
    seconds: median(loads.map(({ seconds }) => seconds)),
    clientCpuSeconds: of((load) => load.clientCpuSeconds, median),
    serverCpuSeconds: of((load) => load.serverCpuSeconds, median),
    peakBytes: of((load) => load.peakBytes, (values) => Math.max(...values)),
  };
}

/** How many times as fast `loads` were, above 1, or as slow: the median of the rounds' ratios. */
export function speedup(loads: readonly Load[], base: readonly Load[]): number {
  const rounds = Math.min(loads.length, base.length);
  return median(
    loads.slice(0, rounds).map(({ seconds }, round) => base[round].seconds / seconds),
  );
}
