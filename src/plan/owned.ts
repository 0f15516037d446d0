import { versionNameIn } from "../core/names.ts";
import type { OwnedKind, OwnedTable } from "../ledger/tables.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { TableName } from "./load_plan.ts";

/** The table that stands under the name it was given, attached or not; proven or not. */
export function standingTable(
  ledger: Ledger,
  name: TableName,
  ...kinds: readonly OwnedKind[]
): OwnedTable | null {
  return ledger.tables.find((table) =>
    isSame(table.made, name) && isInPlace(table) && kinds.includes(table.kind)
  ) ?? null;
}

/** It bears the name it was given. */
export function isInPlace({ made, now }: OwnedTable): boolean {
  return isSame(made, now);
}

/** Sluice may drop it: it made it, nobody has renamed it, and it is attached to nothing. */
export function isDroppable(table: OwnedTable): boolean {
  return table.proven && isInPlace(table) && table.parent === null;
}

/** The table of a version that lies in the target now, whatever it is called by now. */
export function attachedTable(
  ledger: Ledger,
  name: TableName,
  targetOid: number | undefined,
): OwnedTable | null {
  return ledger.tables.find((table) =>
    isSame(table.made, name) && table.proven && table.parent !== null &&
    table.parent.oid === targetOid
  ) ?? null;
}

export function isSame(a: TableName, b: TableName): boolean {
  return a.schema === b.schema && a.table === b.table;
}

/** Names of versions that cannot be given any more, for something stands in their way. */
export function takenVersionNames(
  names: readonly string[],
  /** What will be gone by then. */
  swept: readonly TableName[],
): ReadonlySet<string> {
  const gone = new Set(swept.map(({ table }) => table));
  return new Set(
    names.filter((name) =>
      ![...gone].some((table) => name === table || name.startsWith(`${table}_`))
    )
      .flatMap((name) => versionNameIn(name) ?? []),
  );
}
