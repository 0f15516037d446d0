import { SluiceError } from "../core/error.ts";
import { versionTableName } from "../core/names.ts";
import type { LoadRecord } from "../ledger/ledger.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { PartitionInput } from "./partition_input.ts";
import { nameOf } from "./identity.ts";
import { isMerging } from "./layout.ts";
import type { TableName } from "./load_plan.ts";
import { isDroppable, isInPlace, isSame, standingTable, tablesMadeAs } from "./owned.ts";
import { chainOf, rootOf, tableOf } from "./versions.ts";

/**
 * The load that a source is compared with.
 *
 * Pipelines that share a target and add to it each have a newest load of their own; where a load
 * replaces rows, only the live load counts.
 */
export function newestOf(
  spec: PipelineSpec,
  versions: readonly LoadRecord[],
): LoadRecord | undefined {
  if (!spec.target.shared || !isMerging(spec.refresh.mode)) return versions.at(-1);
  const own = versions.findLast(({ pipeline }) => pipeline === spec.pipeline);
  const live = versions.find(({ state }) => state === "live");
  // Beyond `versions` it cannot be gone back to any more, but its rows are there all the same.
  return own !== undefined && live !== undefined && chainOf(versions, live).includes(own)
    ? { ...own, state: "live" }
    : own;
}

/** The first version from `from` on whose names are free: what others have called so stays. */
export function freeVersion(
  { spec, taken }: PartitionInput,
  partition: string | null,
  from: number,
): number {
  let version = from;
  while (taken.has(versionTableName(spec.target.table, partition, version))) version++;
  return version;
}

/** The table of the live version, where it stands and is detached although nobody asked Sluice to. */
export function takenAway(
  { ledger }: PartitionInput,
  versions: readonly LoadRecord[],
  live: LoadRecord,
): OwnedTable | null {
  const root = rootOf(versions, live);
  if (root === null) return null;
  const table = standingTable(ledger, tableOf(root), "version");
  return table !== null && table.proven && table.parent === null ? table : null;
}

/** It lies in the target, where the next version takes its place. */
function isDroppableOnceOut({ catalog }: PartitionInput, table: OwnedTable): boolean {
  return table.proven && isInPlace(table) && table.parent?.oid === catalog.table?.oid;
}

/** A version that can be gone back to lies in the table. */
export function isKept(versions: readonly LoadRecord[], { made, now }: OwnedTable): boolean {
  return isSame(made, now) &&
    versions.some((load) =>
      isSame(tableOf(load), made) && (load.state === "retained" || load.state === "rolled_back")
    );
}

/** The version whose table it is; 0 where there is none. */
export function versionOf(versions: readonly LoadRecord[], { made }: OwnedTable): number {
  return versions.find((load) => isSame(tableOf(load), made))?.version ?? 0;
}

/**
 * Refuses a target whose name a type has: a table has a type of its name as well.
 *
 * @throws SluiceError `plan/name_taken`
 */
export function requireNameable(
  { catalog, layout: { target } }: Pick<PartitionInput, "catalog" | "layout">,
): void {
  if (catalog.table !== null || !catalog.isTypeName) return;
  throw new SluiceError(
    "plan/name_taken",
    `"${nameOf(target)}" cannot be created: a type has its name`,
    { hint: "Rename the type, or choose another target.table" },
  );
}

/** Whether Sluice may drop a table of this name once the next version is live. */
export function mayDrop(input: PartitionInput, lost: OwnedTable | null, name: TableName): boolean {
  // Only a table that bears the name it was given is Sluice's to drop.
  return tablesMadeAs(input.ledger, name).some((table) =>
    table !== lost && (isDroppable(table) || isDroppableOnceOut(input, table))
  );
}
