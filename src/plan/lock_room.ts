import { formatCount } from "../core/format_text.ts";
import type { PartitionPlan } from "./load_plan.ts";

/** What decides how many locks the largest transaction of a run holds. */
export interface LockInput {
  /** Locks that fit into the server's table, of all sessions together; null where it is not known. */
  readonly room: number | null;
  /** Indexes of each partition. */
  readonly indexes: number;
  /** Partitions of the target whose columns the set-up changes; 0 where it changes none. */
  readonly altered: number;
  /** All partitions that are loaded are published in one transaction. */
  readonly together: boolean;
  readonly loading: readonly Pick<PartitionPlan, "replaces">[];
}

/** A part of the table is other sessions'; Postgres itself only has a little more than it says. */
const OURS = 0.8;

/**
 * What is told where a transaction needs more locks than the server has room for: it would fail
 * with `out of shared memory`, after everything has been staged. Pure.
 */
export function lockCautions(input: LockInput): readonly string[] {
  const { room, indexes, altered, together, loading } = input;
  if (room === null) return [];
  // Each table with its indexes, and the one it takes the place of with those it has.
  const tables = loading.reduce((sum, { replaces }) => sum + (replaces === null ? 1 : 2), 0);
  const publishing = together ? tables * (1 + indexes) : 0;
  const altering = altered * (1 + indexes);
  const caution = (what: string, needed: number, instead: string) =>
    needed <= room * OURS ? [] : [
      `${what} takes about ${
        formatCount(needed)
      } locks in one transaction, and the server has room for ${
        formatCount(room)
      } (max_locks_per_transaction): raise it at least ${
        Math.ceil(needed / (room * OURS))
      } times and restart the server${instead}`,
    ];
  return [
    ...caution(
      `Changing the columns of ${formatCount(altered)} partitions`,
      altering,
      "",
    ),
    ...caution(
      `Publishing ${formatCount(loading.length)} partitions together`,
      publishing,
      ", load fewer at a time (--from, --to), or leave partitions.publish: together out",
    ),
  ];
}
