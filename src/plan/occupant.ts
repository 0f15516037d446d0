import { SluiceError } from "../core/error.ts";
import type { TableInfo } from "../db/catalog/catalog.ts";
import type { Slot } from "../db/slots.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import { nameOf } from "./identity.ts";
import type { TableName } from "./load_plan.ts";
import { tableOfOid } from "./owned.ts";

/** What is looked at. */
export interface OccupantInput {
  readonly catalog: { readonly table: TableInfo | null };
  readonly ledger: Ledger;
  readonly slots: ReadonlyMap<string | null, Slot>;
  readonly layout: { readonly target: TableName };
}

/** What stands where a partition goes. */
export type Occupation =
  | { readonly kind: "free" }
  /** Sluice's own, for these very values: the next version takes its place. */
  | { readonly kind: "ours"; readonly table: OwnedTable }
  /** Why nothing can be attached there, and what to do. */
  | { readonly kind: "taken"; readonly message: string; readonly hint: string };

/** Decides what stands where a partition goes. */
export function occupationOf(
  { ledger, slots, layout: { target } }: OccupantInput,
  partition: string | null,
): Occupation {
  const slot = slots.get(partition);
  if (slot === undefined) return { kind: "free" };
  const name = nameOf(target);
  const of = partition === null ? `"${name}"` : `Partition "${partition}" of "${name}"`;
  const strangers = slot.partitions.filter(({ oid, exact }) =>
    !exact || tableOfOid(ledger, oid)?.proven !== true
  );
  if (strangers.length > 0) {
    const list = strangers.slice(0, 3).map((each) =>
      `"${nameOf(each.name)}" ${each.bound.toLowerCase()}`
    ).join(", ");
    const more = strangers.length > 3 ? ` and ${strangers.length - 3} more` : "";
    if (
      strangers.every(({ oid }) => tableOfOid(ledger, oid)?.proven === true)
    ) {
      return {
        kind: "taken",
        message: `${of} cannot be published: ${list}${more} ${
          strangers.length === 1 ? "has" : "have"
        } other bounds, from before "partitions" was changed`,
        hint:
          `Load into a table of its own: name another target.table; or write ${'"by" and "timezone"'} as they were`,
      };
    }
    return {
      kind: "taken",
      message: `${of} cannot be published: ${list}${more} ${
        strangers.length === 1 ? "is" : "are"
      } there, which Sluice did not attach`,
      hint: `Detach it (alter table ${name} detach partition ${
        nameOf(strangers[0].name)
      }), or load into a table of its own: name another target.table`,
    };
  }
  if (slot.inDefault !== null) {
    const fallback = nameOf(slot.inDefault);
    return {
      kind: "taken",
      message: `${of} cannot be published: the default partition "${fallback}" holds rows of it`,
      hint:
        `Delete these rows from ${fallback} or move them away, or detach it (alter table ${name} detach partition ${fallback})`,
    };
  }
  const [own] = slot.partitions;
  if (own === undefined) return { kind: "free" };
  return { kind: "ours", table: tableOfOid(ledger, own.oid)! };
}

/**
 * Refuses a load that nothing could be done with.
 *
 * @throws SluiceError `plan/partition_taken`
 */
export function requireFree(input: OccupantInput, partition: string | null): void {
  const occupation = occupationOf(input, partition);
  if (occupation.kind !== "taken") return;
  throw new SluiceError("plan/partition_taken", occupation.message, { hint: occupation.hint });
}
