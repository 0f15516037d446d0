import type { Layout } from "./layout.ts";
import type { PlanInput } from "./plan_input.ts";
import type { TargetIndex } from "./setup.ts";
import type { TargetShape } from "./target.ts";

/** What the partitions of one plan have in common. */
export interface PartitionInput extends PlanInput {
  readonly layout: Layout;
  readonly shape: TargetShape;
  readonly indexes: readonly TargetIndex[];
  /** `schema.table`. */
  readonly targetKey: string;
  /** Names of versions that something stands in the way of. */
  readonly taken: ReadonlySet<string>;
}
