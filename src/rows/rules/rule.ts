import type { ColumnPlan } from "../../plan/load_plan.ts";
import type { Frame } from "../frame.ts";
import type { Problem } from "../types/encoder.ts";

/** Judges a value: its encoded form at `at` (where its length stands), and the text it came from. */
export type Check = (
  frame: Frame,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => Problem | null;

/** A limit on a column's values. */
export interface Rule {
  readonly name: string;
  /** Null where the column does not use the rule. */
  compile(column: ColumnPlan): Check | null;
}
