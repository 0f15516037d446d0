import { versionNameIn } from "../core/names.ts";
import type { OwnedKind, OwnedTable } from "../ledger/tables.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { TableName } from "./load_plan.ts";

/** Tables by the name they were given and by OID, looked up once for each ledger. */
interface TableIndex {
  readonly made: ReadonlyMap<string, readonly OwnedTable[]>;
  readonly oids: ReadonlyMap<number, readonly OwnedTable[]>;
}

const INDEXES = new WeakMap<readonly OwnedTable[], TableIndex>();

function indexOf({ tables }: Pick<Ledger, "tables">): TableIndex {
  let index = INDEXES.get(tables);
  if (index === undefined) {
    index = {
      made: Map.groupBy(tables, ({ made }) => made.table),
      oids: Map.groupBy(tables, ({ oid }) => oid),
    };
    INDEXES.set(tables, index);
  }
  return index;
}

/** Tables that were given a name, in the ledger's order. */
export function tablesMadeAs(
  ledger: Pick<Ledger, "tables">,
  name: TableName,
): readonly OwnedTable[] {
  return (indexOf(ledger).made.get(name.table) ?? []).filter(({ made }) => isSame(made, name));
}

/** The ledger's word on the table of this OID; undefined where it has none. */
export function tableOfOid(ledger: Pick<Ledger, "tables">, oid: number): OwnedTable | undefined {
  return indexOf(ledger).oids.get(oid)?.[0];
}

/** The table that stands under the name it was given, attached or not; proven or not. */
export function standingTable(
  ledger: Ledger,
  name: TableName,
  ...kinds: readonly OwnedKind[]
): OwnedTable | null {
  return tablesMadeAs(ledger, name).find((table) =>
    isInPlace(table) && kinds.includes(table.kind)
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
  return tablesMadeAs(ledger, name).find(({ proven, parent }) =>
    proven && parent !== null && parent.oid === targetOid
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
  return new Set(names.flatMap((name) => isOf(name, gone) ? [] : versionNameIn(name) ?? []));
}

/** Whether it is one of these names, or such a name and `_…`. */
function isOf(name: string, tables: ReadonlySet<string>): boolean {
  if (tables.size === 0) return false;
  for (let at = name.length; at > 0; at = name.lastIndexOf("_", at - 1)) {
    if (tables.has(name.slice(0, at))) return true;
  }
  return false;
}
