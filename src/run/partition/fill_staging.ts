import { computeColumns } from "../../load/compute.ts";
import { convert } from "../../load/convert.ts";
import type { RejectedOffsets } from "../../load/merge_offsets.ts";
import type { PartitionPlan } from "../../plan/load_plan.ts";
import type { RunContext } from "../context.ts";

/** What became of the rows on their way into staging. */
export interface Filled {
  /** Rows that are rejects: their texts cannot be read, or their columns not be computed. */
  readonly leftOut: readonly RejectedOffsets[];
  /** Rows that were left out as the contract says. */
  readonly discarded: number;
  /** Seconds for reading the texts (null: there were none), and for computing the columns. */
  readonly convert: number | null;
  readonly compute: number;
}

/**
 * Lets Postgres read the texts that wait for it, then compute the columns that it computes.
 *
 * @param isolated rows go where those that Postgres refuses are looked for, in place of staging
 */
export async function fillStaging(
  { conversion, compute }: Pick<PartitionPlan, "conversion" | "compute">,
  isolated: boolean,
  { db, clock, signal }: RunContext,
): Promise<Filled> {
  signal.throwIfAborted();
  const started = clock.monotonic();
  const converted = conversion === null
    ? null
    : await convert(db, conversion, isolated || compute !== null);
  const between = clock.monotonic();
  const computed = compute === null ? [] : await computeColumns(db, compute, isolated, signal);
  return {
    leftOut: [...(converted === null ? [] : [converted.rejected]), ...computed],
    discarded: converted?.discarded ?? 0,
    convert: converted === null ? null : (between - started) / 1000,
    compute: (clock.monotonic() - between) / 1000,
  };
}
