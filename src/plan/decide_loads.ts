import { decidePartition } from "./decide_partition.ts";
import { faultOf } from "./fault.ts";
import { layoutOf } from "./layout.ts";
import { requireFree } from "./occupant.ts";
import { requireSafeMerge } from "./partition_merge.ts";
import type { LoadDecisions, PartitionDecision } from "./partition_input.ts";
import { newestOf, requireNameable } from "./partition_tables.ts";
import type { PlanInput } from "./plan_input.ts";
import { requireLoadable } from "./require_loadable.ts";
import { requireShared } from "./shared.ts";
import { targetKeyOf, targetShape } from "./target.ts";
import { versionsOf } from "./versions.ts";

/**
 * Decides what is loaded, and refuses what no source can make right: before the sources are read,
 * and before what belongs to the replaced tables is. Pure.
 *
 * @throws SluiceError `plan/…` where the target is not one this pipeline can publish into
 */
export function decideLoads(input: PlanInput): LoadDecisions {
  const { spec, catalog, ledger } = input;
  const layout = layoutOf(spec);
  const targetKey = targetKeyOf(spec);
  requireShared(spec, targetKey, ledger);
  const shape = targetShape(spec, layout, catalog, ledger);
  const decided = { ...input, layout, shape, targetKey };
  if (shape.method === "merge") requireSafeMerge(decided);
  const partitions = input.partitions.map((partition, at): PartitionDecision => {
    const versions = versionsOf(ledger, partition);
    const newest = newestOf(spec, versions);
    const fault = newest === undefined ? null : faultOf(decided, versions, newest);
    const decision = decidePartition(spec, newest, fault, input.probes[at], input.force);
    if (decision.action === "load") {
      requireNameable(decided);
      if (shape.method === "exchange") requireFree(decided, partition);
    }
    return { partition, ...decision, versions, newest, fault };
  });
  if (partitions.some(({ action }) => action === "load")) {
    requireLoadable(spec, targetKey, catalog, shape);
  }
  return { layout, shape, targetKey, partitions };
}
