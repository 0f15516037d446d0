import type { Queryable } from "../../db/database.ts";
import { verifyStaging } from "../../load/verify_staging.ts";
import type { VerifyPlan } from "../../plan/load_plan.ts";
import type { RowEncoder } from "../../rows/row_encoder.ts";
import type { Frame } from "../../rows/frame.ts";
import {
  type CarriedColumn,
  type ColumnDigests,
  columnDigests,
  digestingEncoder,
  mergeDigests,
} from "../../rows/verify/column_digests.ts";

/** Proves for one COPY that Postgres holds what was sent. */
export interface Verification {
  /**
   * The encoder, its rows digested on their way; the types of its columns are told beside it.
   *
   * @param later only the rows that `taken` is told of are digested
   */
  watch(encoder: RowEncoder, typed: readonly CarriedColumn[], later: boolean): RowEncoder;
  /** Digests the rows of a frame. */
  taken(frame: Frame): void;
  /**
   * Compares, and returns what to report.
   *
   * @param where the table that the rows were copied into
   * @throws SluiceError `check/verify_mismatch`
   */
  compare(db: Queryable, where: keyof VerifyPlan): Promise<string>;
}

/** Begins a verification, as the plan has it. */
export function verification(plan: VerifyPlan): Verification {
  // By the order of the columns, which not all files of a load have the same.
  const byOrder = new Map<string, ColumnDigests>();
  let digests: ColumnDigests | null = null;
  return {
    watch(encoder, typed, later) {
      const order = JSON.stringify(encoder.columns);
      digests = byOrder.get(order) ?? columnDigests(encoder.columns, typed);
      byOrder.set(order, digests);
      return later ? encoder : digestingEncoder(encoder, digests);
    },
    taken(frame) {
      if (digests === null) throw new Error("Rows were taken before anything was watched");
      digests.add(frame, 0);
    },
    async compare(db, where) {
      if (digests === null) throw new Error("Nothing was watched that could be compared");
      const sent = mergeDigests([...byOrder.values()]);
      const columns = await verifyStaging(db, plan[where], sent);
      return `${sent.rows} rows verified in ${columns} columns`;
    },
  };
}
