import { type QualifiedName, quoteTable } from "../core/quote.ts";
import { mapConcurrently } from "../core/map_concurrently.ts";
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
  const fallback = table.partitions.find(({ bound }) => bound === "DEFAULT");
  const others = table.partitions.filter((each) => each !== fallback)
    .map((each) => ({ partition: each, ...parseBound(each.bound) }));
  const rank = await rankValues(
    db,
    type,
    [...wanted.flatMap(({ bounds }) => Object.values(bounds ?? {})), ...others.flatMap(valuesOf)],
  );
  const find = finder(others, rank);
  const slots = new Map<string | null, Slot>();
  for (const { partition, bounds, rows } of wanted) {
    if (bounds === null) {
      const partitions = table.partitions.map((each) => ({ ...each, exact: each === fallback }));
      slots.set(partition, { partitions, inDefault: null });
      continue;
    }
    const partitions = find(bounds);
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

/** A bound of a partition that stands: its values, or its range, whose ends may be open. */
type Bound =
  | { readonly values: readonly string[] }
  | { readonly from: string | null; readonly to: string | null };

type Standing = Bound & { readonly partition: PartitionInfo };

function valuesOf(bound: Bound): string[] {
  return "values" in bound ? [...bound.values] : [bound.from, bound.to].flatMap((end) => end ?? []);
}

/**
 * Has Postgres put values into the order of their type, whose texts need not show it.
 *
 * @returns the place of each text; those of equal values are the same
 */
async function rankValues(
  db: Queryable,
  type: string,
  values: readonly string[],
): Promise<(value: string) => number> {
  const texts = [...new Set(values)];
  const ranks = await db.query<{ value: string; rank: number }>(
    `select value, (dense_rank() over (order by value::${type}))::int as rank
from json_array_elements_text($1::text::json) as v (value)`,
    [JSON.stringify(texts)],
  );
  const places = new Map(ranks.map(({ value, rank }) => [value, rank]));
  return (value) => places.get(value)!;
}

/** Looks for the partitions that hold some of the values of a slot; there may be many of both. */
function finder(standing: readonly Standing[], rank: (value: string) => number) {
  const byValue = new Map<number, { partition: PartitionInfo; exact: boolean }>();
  const ranges: { partition: PartitionInfo; from: number; to: number }[] = [];
  for (const { partition, ...bound } of standing) {
    if ("values" in bound) {
      const exact = bound.values.length === 1;
      for (const value of bound.values) byValue.set(rank(value), { partition, exact });
    } else {
      const from = bound.from === null ? -Infinity : rank(bound.from);
      ranges.push({ partition, from, to: bound.to === null ? Infinity : rank(bound.to) });
    }
  }
  // Partitions of a table never overlap: in the order of one end they are in that of the other.
  ranges.sort((a, b) => a.from - b.from);
  return (bounds: NonNullable<WantedSlot["bounds"]>): Slot["partitions"] => {
    if ("value" in bounds) {
      const found = byValue.get(rank(bounds.value));
      return found === undefined ? [] : [{ ...found.partition, exact: found.exact }];
    }
    const [start, end] = [rank(bounds.start), rank(bounds.end)];
    let low = 0;
    for (let high = ranges.length; low < high;) {
      const middle = (low + high) >> 1;
      if (ranges[middle].to > start) high = middle;
      else low = middle + 1;
    }
    const found: Slot["partitions"][number][] = [];
    for (; low < ranges.length && ranges[low].from < end; low++) {
      const { partition, from, to } = ranges[low];
      found.push({ ...partition, exact: from === start && to === end });
    }
    return found;
  };
}

/** The constants of a bound as Postgres prints it; a range that is open has no `from` or no `to`. */
function parseBound(bound: string): Bound {
  const range = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound);
  if (range === null) return { values: constants(bound) };
  const [from = null] = constants(range[1]);
  const [to = null] = constants(range[2]);
  return { from, to };
}

function constants(sql: string): string[] {
  return [...sql.matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) => text.replaceAll("''", "'"));
}

/** Seconds that looks which may scan a table take together. */
const SCAN_SECONDS = 5;

/** Looks in one statement, and so in one transaction: each holds locks of a table and its indexes. */
const LOOKS_AT_ONCE = 100;

/** Statements under way at once. */
const LANES = 4;

/** How it is seen whether rows of a partition are left. */
export interface Presence {
  readonly partition: string | null;
  /** SQL condition that holds while some are. */
  readonly sql: string;
  /** The table that holds these rows and no others, where there is one: a look at it is cheap. */
  readonly alone: QualifiedName | null;
  /** It may have to read the whole table: what is not seen in time is taken to be there. */
  readonly isScan: boolean;
}

/** Which of these have no row in the table any more. */
export async function findEmptied(
  db: Database,
  looks: readonly Presence[],
): Promise<ReadonlySet<string | null>> {
  const emptied = new Set<string | null>();
  const tell = (seen: readonly Presence[], found: readonly boolean[]) =>
    seen.forEach(({ partition }, at) => {
      if (!found[at]) emptied.add(partition);
    });
  try {
    const quick = looks.filter(({ isScan }) => !isScan);
    await mapConcurrently(
      chunks(quick, LOOKS_AT_ONCE),
      LANES,
      async (some) => tell(some, await lookQuickly(db, some)),
    );
    const scans = looks.filter(({ isScan }) => isScan);
    let left = SCAN_SECONDS;
    // More and more at once: where the first is slow, no others are lost with it.
    for (let at = 0; at < scans.length && left > 0;) {
      const some = scans.slice(at, at + Math.min(LOOKS_AT_ONCE, at + 1));
      const { found, seconds } = await look(db, some.map(({ sql }) => sql), left);
      tell(some, found);
      left -= seconds;
      at += some.length;
    }
  } catch (error) {
    // Whoever locks readers out, may not read or finds a table to be too large, does not learn more.
    if (!isError(error, "noQuickLook")) throw error;
  }
  return emptied;
}

async function lookQuickly(db: Database, some: readonly Presence[]): Promise<readonly boolean[]> {
  const alone = some.map(({ sql, alone }) =>
    alone === null ? sql : `exists (select from ${quoteTable(alone)})`
  );
  try {
    return (await look(db, alone)).found;
  } catch (error) {
    if (!isError(error, "notToBeSeen")) throw error;
  }
  // A role that may read the whole table need not have the right to read each part by its name.
  return (await look(db, some.map(({ sql }) => sql))).found;
}

/** Whether conditions hold. @param limit seconds; left out: none */
async function look(db: Database, conditions: readonly string[], limit?: number) {
  return await db.transaction(async (tx) => {
    await tx.query(
      // A policy of a part alone must not hide its rows: an error tells then.
      `select set_config('lock_timeout', '5s', true), set_config('row_security', 'off', true)${
        limit === undefined ? "" : `, set_config('statement_timeout', $1, true)`
      }`,
      limit === undefined ? [] : [`${Math.ceil(limit * 1000)}ms`],
    );
    const [{ found, seconds }] = await tx.query<{ found: boolean[]; seconds: number }>(
      `select to_json(array[${conditions.join(",\n  ")}]) as found,
  extract(epoch from clock_timestamp() - statement_timestamp())::float8 as seconds`,
    );
    return { found, seconds };
  });
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, at) => items.slice(at * size, (at + 1) * size),
  );
}
