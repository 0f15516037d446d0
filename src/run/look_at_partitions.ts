import type { Catalog, TableInfo } from "../db/catalog/catalog.ts";
import type { Database, Queryable } from "../db/database.ts";
import { findEmptied, readSlots, type Slot } from "../db/slots.ts";
import type { Ledger } from "../ledger/mod.ts";
import { type Layout, layoutOf } from "../plan/layout.ts";
import { presenceOf, rowsHeld } from "../plan/presence.ts";
import { catalogType, isOfType } from "../plan/sql_types.ts";
import { scopeCondition, slotBounds } from "../plan/staging.ts";
import { versionsOf } from "../plan/versions.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** Looking at rows waits this long for whoever keeps readers out. */
const LOOK_TIMEOUT = "5s";

/** What stands where partitions go, and which have lost their rows. */
export async function lookAtPartitions(
  db: Database,
  spec: PipelineSpec,
  { table }: Catalog,
  ledger: Ledger,
  partitions: readonly (string | null)[],
): Promise<{ slots: ReadonlyMap<string | null, Slot>; emptied: ReadonlySet<string | null> }> {
  const layout = layoutOf(spec);
  const isTable = table?.kind === "table" || table?.kind === "partitioned";
  if (table === null || !isTable) return { slots: new Map(), emptied: new Set() };
  const live = partitions.flatMap((partition) => {
    const versions = versionsOf(ledger, partition);
    return versions.filter((load) => load.state === "live" && rowsHeld(versions, load) > 0);
  });
  // Where policies hide rows from this role, nothing is published: the plan tells so.
  if (table.rowSecurity === true) return { slots: new Map(), emptied: new Set() };
  const look = <T>(work: (tx: Queryable) => Promise<T>) =>
    db.transaction(async (tx) => {
      await tx.query(`select set_config('lock_timeout', $1, true)`, [LOOK_TIMEOUT]);
      return await work(tx);
    });
  const slots = await look((tx) => slotsOf(tx, spec, table, partitions));
  // A table that has not these columns is told of by the plan.
  if (live.length === 0 || !hasPartitionColumn(spec, layout, table)) {
    return { slots, emptied: new Set() };
  }
  const looks = live.map((load) => ({
    partition: load.partition,
    ...presenceOf(spec, table, ledger, load),
    alone: tableOfSlot(slots.get(load.partition)),
  }));
  return { slots, emptied: await findEmptied(db, looks) };
}

/** The one table that has all rows of a slot. */
function tableOfSlot(slot: Slot | undefined): Slot["inDefault"] {
  if (slot === undefined || slot.partitions.length !== 1) return null;
  const [{ exact, name }] = slot.partitions;
  return exact ? name : null;
}

/** What stands where partitions go; nothing where the table is not partitioned as the pipeline is. */
export async function slotsOf(
  db: Queryable,
  spec: PipelineSpec,
  table: TableInfo,
  partitions: readonly (string | null)[],
): Promise<ReadonlyMap<string | null, Slot>> {
  const layout = layoutOf(spec);
  const { partitionKey } = table;
  if (
    partitionKey === null || partitionKey.strategy !== layout.strategy ||
    partitionKey.columns.length !== 1 || partitionKey.columns[0] !== layout.partitionColumn ||
    !hasPartitionColumn(spec, layout, table)
  ) return new Map();
  const type = table.columns.find(({ name }) => name === layout.partitionColumn)!.type;
  return await readSlots(
    db,
    table,
    type,
    partitions.map((partition) => ({
      partition,
      bounds: slotBounds(spec, layout, partition),
      rows: scopeCondition(spec, layout, partition),
    })),
  );
}

/** The column that tells partitions apart has values that compare with the pipeline's. */
function hasPartitionColumn(spec: PipelineSpec, layout: Layout, table: TableInfo): boolean {
  // The one partition of a whole table is told by no value.
  if (spec.partitions === null) return true;
  const wanted = layout.columns.find(({ name }) => name === layout.partitionColumn);
  if (wanted === undefined) return true;
  const type = catalogType(wanted.type);
  const isDate = (name: string) => /^(date|timestamp)/.test(name);
  // Among dates and times a column may be about to get another type.
  return table.columns.some((column) =>
    column.name === wanted.name &&
    (isOfType(column, wanted.type) || isDate(column.type) && isDate(type))
  );
}
