import type { Catalog } from "../db/catalog/catalog.ts";
import type { Ledger, LoadRecord } from "../ledger/ledger.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import { nameOf } from "./identity.ts";
import type { TableName } from "./load_plan.ts";
import { attachedTable, standingTable, tablesMadeAs } from "./owned.ts";
import { rowsHeld } from "./presence.ts";
import { chainOf, rootOf, tableOf } from "./versions.ts";

/** What is looked at. */
export interface FaultInput {
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly layout: { readonly target: TableName };
  readonly emptied: ReadonlySet<string | null>;
}

/** Why a version's rows are not where the ledger says, in words; null where they are. */
export function faultOf(
  input: FaultInput,
  versions: readonly LoadRecord[],
  load: LoadRecord,
): string | null {
  const { catalog, ledger, layout: { target }, emptied } = input;
  const { version } = load;
  const root = rootOf(versions, load);
  if (load.state !== "live") {
    const stands = root === null
      ? catalog.table !== null
      : standingTable(ledger, tableOf(root), "version") !== null;
    return stands ? null : `the table of version ${version} is gone`;
  }
  if (root !== null && !isAttached(input, versions, load)) {
    return whereabouts(ledger, target, root, version);
  }
  if (root === null) {
    if (catalog.table === null) return `the table of version ${version} is gone`;
    if (load.targetOid !== null && load.targetOid !== catalog.table.oid) {
      return `${nameOf(target)} is not the table that version ${version} was loaded into`;
    }
  }
  if (emptied.has(load.partition)) {
    return `${nameOf(target)} has no row left of version ${version}, which had ${
      rowsHeld(versions, load)
    }`;
  }
  return null;
}

/** Whether the table that holds a version's rows lies in the target; true for one that was merged. */
export function isAttached(
  { catalog, ledger }: Pick<FaultInput, "catalog" | "ledger">,
  versions: readonly LoadRecord[],
  load: LoadRecord,
): boolean {
  const root = chainOf(versions, load).at(-1)!;
  if (root.merge !== null) return catalog.table !== null;
  return attachedTable(ledger, tableOf(root), catalog.table?.oid) !== null;
}

function whereabouts(
  ledger: Ledger,
  target: TableName,
  root: LoadRecord,
  version: number,
): string {
  const table: OwnedTable | undefined = tablesMadeAs(ledger, tableOf(root)).find(({ kind }) =>
    kind === "version"
  );
  if (table === undefined) return `the table of version ${version} is gone`;
  const { now, parent } = table;
  return parent === null
    ? `the table of version ${version} is no longer a partition of ${nameOf(target)}: ${
      nameOf(now)
    } stays as it is`
    : `the table of version ${version} lies in ${nameOf(parent)} now, and stays there`;
}
