import { type QualifiedName, quoteTable } from "../core/quote.ts";
import type { Database, Queryable } from "./database.ts";
import { isError } from "./sqlstate.ts";
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

/** Seconds that looks which may scan a table take together. */
const SCAN_SECONDS = 5;

/** How it is seen whether rows of a partition are left. */
export interface Presence {
  readonly partition: string | null;
  /** SQL condition that holds while some are. */
  readonly sql: string;
  /** It may have to read the whole table: what is not seen in time is taken to be there. */
  readonly isScan: boolean;
}

/** Which of these have no row in the table any more. */
export async function findEmptied(
  db: Database,
  looks: readonly Presence[],
): Promise<ReadonlySet<string | null>> {
  const emptied = new Set<string | null>();
  let left = SCAN_SECONDS;
  try {
    await db.transaction(async (tx) => {
      await tx.query(`select set_config('lock_timeout', '5s', true)`);
      for (const { partition, sql, isScan } of looks) {
        if (isScan && left <= 0) continue;
        if (isScan) {
          await tx.query(`select set_config('statement_timeout', $1, true)`, [
            `${Math.ceil(left * 1000)}ms`,
          ]);
        }
        const [{ found, seconds }] = await tx.query<{ found: boolean; seconds: number }>(
          `select ${sql} as found,
  extract(epoch from clock_timestamp() - statement_timestamp())::float8 as seconds`,
        );
        if (isScan) left -= seconds;
        if (!found) emptied.add(partition);
      }
    });
  } catch (error) {
    // Whoever locks readers out, may not read or finds a table to be too large, does not learn more.
    if (!isError(error, "noQuickLook")) throw error;
  }
  return emptied;
}
