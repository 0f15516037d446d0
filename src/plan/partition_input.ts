import type { LoadRecord } from "../ledger/ledger.ts";
import type { LoadOrSkip } from "./decide_partition.ts";
import type { Layout } from "./layout.ts";
import type { PlanInput } from "./plan_input.ts";
import type { TargetIndex } from "./setup.ts";
import type { TargetShape } from "./target.ts";

/** The decision on one partition. */
export interface PartitionDecision extends LoadOrSkip {
  readonly partition: string | null;
  /** All loads of it that the ledger knows, the oldest first. */
  readonly versions: readonly LoadRecord[];
  /** The load that the source was compared with; undefined where there is none. */
  readonly newest: LoadRecord | undefined;
  /** Why its rows are not where the ledger says; null where they are. */
  readonly fault: string | null;
}

/** How loads are published, and which there are. */
export interface LoadDecisions {
  readonly layout: Layout;
  readonly shape: TargetShape;
  /** `schema.table`. */
  readonly targetKey: string;
  /** In the order asked for. */
  readonly partitions: readonly PartitionDecision[];
}

/** What the partitions of one plan have in common. */
export interface PartitionInput extends PlanInput, Omit<LoadDecisions, "partitions"> {
  readonly indexes: readonly TargetIndex[];
  /** Names of versions that something stands in the way of. */
  readonly taken: ReadonlySet<string>;
}
