import { type QualifiedName, quoteTable } from "../core/quote.ts";
import type { Queryable } from "./database.ts";
import type { PartitionInfo, TableInfo } from "./catalog/catalog.ts";

/** What stands in a partitioned table where a partition of ours goes. */
export interface Slot {
  /** Partitions that hold some of its values, the default one not among them. */
  readonly partitions: readonly (PartitionInfo & {
    /** It holds these values and no others. */
    readonly exact: boolean;
  })[];
  /** The default partition, where rows of the slot lie in it. */
  readonly inDefault: QualifiedName | null;
}

/** Where a partition of ours goes. */
export interface WantedSlot {
  readonly partition: string | null;
  /** Null: the default partition of a table that has no other. */
  readonly bounds:
    | { readonly value: string }
    | { readonly start: string; readonly end: string }
    | null;
  /** SQL condition over the table as `t`: the rows it holds. */
  readonly rows: string | null;
}

/** Reads the tables attached where partitions go; `type` is that of the partition column. */
export async function readSlots(
  db: Queryable,
  table: TableInfo,
  type: string,
  wanted: readonly WantedSlot[],
): Promise<ReadonlyMap<string | null, Slot>> {
  const others = table.partitions.filter(({ bound }) => bound !== "DEFAULT");
  const fallback = table.partitions.find(({ bound }) => bound === "DEFAULT");
  const overlaps = await db.query<{ at: number; oid: number; exact: boolean }>(
    `with wanted as (
  select * from json_to_recordset($1::text::json) as w (at int, value text, "start" text, "end" text)
), present as (
  select * from json_to_recordset($2::text::json) as p (oid bigint, "values" json, "from" text, "to" text)
)
select w.at, p.oid, json_array_length(p."values") = 1 as exact
from wanted w join present p on p."values" is not null and exists (
  select from json_array_elements_text(p."values") v where v.value::${type} = w.value::${type})
union all
select w.at, p.oid, w."start"::${type} = p."from"::${type} and w."end"::${type} = p."to"::${type}
from wanted w join present p on p."values" is null and w."start" is not null
  and (p."from" is null or p."from"::${type} < w."end"::${type})
  and (p."to" is null or p."to"::${type} > w."start"::${type})`,
    [
      JSON.stringify(wanted.map(({ bounds }, at) => ({ at, ...bounds }))),
      JSON.stringify(others.map(({ oid, bound }) => ({ oid, ...parseBound(bound) }))),
    ],
  );
  const slots = new Map<string | null, Slot>();
  for (const [at, { partition, bounds, rows }] of wanted.entries()) {
    if (bounds === null) {
      const partitions = table.partitions.map((each) => ({ ...each, exact: each === fallback }));
      slots.set(partition, { partitions, inDefault: null });
      continue;
    }
    const partitions = overlaps.filter((overlap) => overlap.at === at).map(({ oid, exact }) => ({
      ...others.find((other) => other.oid === Number(oid))!,
      exact: exact === true,
    }));
    const inDefault = fallback !== undefined && partitions.length === 0 &&
        await holds(db, fallback.name, rows)
      ? fallback.name
      : null;
    slots.set(partition, { partitions, inDefault });
  }
  return slots;
}

/** Whether a table has a row for which the condition holds. */
async function holds(
  db: Queryable,
  table: QualifiedName,
  condition: string | null,
): Promise<boolean> {
  const [{ found }] = await db.query<{ found: boolean }>(
    `select exists (select from ${quoteTable(table)} t${
      condition === null ? "" : ` where ${condition}`
    }) as found`,
  );
  return found;
}

/** The constants of a bound as Postgres prints it; a range that is open has no `from` or no `to`. */
function parseBound(bound: string): { values: string[] } | { from?: string; to?: string } {
  const range = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound);
  if (range === null) return { values: constants(bound) };
  const [from] = constants(range[1]);
  const [to] = constants(range[2]);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function constants(sql: string): string[] {
  return [...sql.matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) => text.replaceAll("''", "'"));
}

/**
 * Which of these have no row in the table any more.
 *
 * @param parts conditions over the table as `t`; null stands for all rows
 */
export async function findEmptied(
  db: Queryable,
  table: QualifiedName,
  parts: readonly { readonly partition: string | null; readonly rows: string | null }[],
): Promise<ReadonlySet<string | null>> {
  const emptied = new Set<string | null>();
  for (const { partition, rows } of parts) {
    if (!await holds(db, table, rows)) emptied.add(partition);
  }
  return emptied;
}
