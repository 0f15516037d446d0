import type { Queryable } from "../db/database.ts";
import type { Reject } from "../core/reject.ts";
import type { LoadRecord } from "./ledger.ts";
import type { RejectWriter } from "./rejected_rows.ts";

/** Rejected rows of a live partition that were not loaded since. */
export interface Replayable {
  readonly partition: string | null;
  /** Ids in `sluice.rejected_rows`, ascending within a file. */
  readonly ids: readonly number[];
  /** The line of each in its file. */
  readonly lines: readonly number[];
  /** The file of each; those of one stand together. */
  readonly urls: readonly string[];
  /** Names of their fields; null where the source has no header. */
  readonly header: readonly string[] | null;
}

interface Row {
  readonly id: number;
  readonly line: number;
  readonly url: string;
  readonly header: readonly string[] | null;
  readonly known: boolean;
}

/**
 * Looks for rejected rows of the loads that are live.
 *
 * Not of duplicates: their key is in the table already. Not those that were too long: only their
 * beginning was kept, which may look like a row.
 *
 * @param loads the versions whose rows are in the table now
 */
export async function findReplayable(
  db: Queryable,
  targetKey: string,
  loads: readonly LoadRecord[],
): Promise<readonly Replayable[]> {
  const found: Replayable[] = [];
  const rejecting = await findRejecting(db, targetKey, loads);
  for (const [partition, live] of Map.groupBy(loads, (load) => load.partition)) {
    if (!rejecting.has(partition)) continue;
    const versions = live.map(({ version }) => version);
    const rows = await db.query<Row>(
      `select r.id, r.line, r.source_url as url, h.header, h.run_id is not null as known
from (
  select run_id from sluice.loads
  where target = $1 and coalesce(partition, '') = coalesce($2::text, '')
    and version = any (array(select value::int from json_array_elements_text($3::text::json)))
  -- Each by its index, whatever the planner makes of the other.
  offset 0
) l
cross join lateral (
  select * from sluice.rejected_rows r
  where r.run_id = l.run_id and (r.partition = $2::text or r.partition is null and $2::text is null)
    and ${IS_OPEN}
  offset 0
) r
left join lateral (
  select run_id, header from sluice.reject_headers h
  where h.run_id = r.run_id and (h.partition = $2::text or h.partition is null and $2::text is null)
    and (h.source_url is null or h.source_url = r.source_url) limit 1) h on true
order by r.source_url, r.id`,
      [targetKey, partition, JSON.stringify(versions)],
    );
    // Rows of one header at a time: those of another one come with the next replay.
    const first = rows.find(({ known }) => known);
    if (first === undefined) continue;
    const header = JSON.stringify(first.header);
    const same = rows.filter((row) => row.known && JSON.stringify(row.header) === header);
    found.push({
      partition,
      ids: same.map(({ id }) => id),
      lines: same.map(({ line }) => Number(line)),
      urls: same.map(({ url }) => url),
      header: first.header,
    });
  }
  return found;
}

/** Of a reject `r`: it can be loaded once more, and was not yet. */
const IS_OPEN = "r.replayed_by is null and r.code not in ('duplicate_key', 'record_too_long')";

/** Partitions that have such rejects, which of many are few. */
async function findRejecting(
  db: Queryable,
  targetKey: string,
  loads: readonly LoadRecord[],
): Promise<ReadonlySet<string | null>> {
  const versions = loads.map(({ partition, version }) => [partition, version]);
  const found = await db.query<{ partition: string | null }>(
    `select distinct l.partition
from json_array_elements($2::text::json) wanted
cross join lateral (
  select run_id, partition from sluice.loads
  where target = $1 and coalesce(partition, '') = coalesce(wanted ->> 0, '')
    and version = (wanted ->> 1)::int
  offset 0
) l
where exists (
  select from sluice.rejected_rows r
  where r.run_id = l.run_id and (r.partition = l.partition or r.partition is null and l.partition is null)
    and ${IS_OPEN}
  offset 0
)`,
    [targetKey, JSON.stringify(versions)],
  );
  return new Set(found.map(({ partition }) => partition));
}

/** Raw records read at once. */
const PAGE = 1_000;

/** The raw records of rejected rows, in the order of their ids. */
export async function* rawRecords(
  db: Queryable,
  ids: readonly number[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const page = await db.query<{ raw: Uint8Array }>(
      `select raw from sluice.rejected_rows
where id = any (array(select value::bigint from json_array_elements_text($1::text::json)))
order by id`,
      [JSON.stringify(ids.slice(at, at + PAGE))],
    );
    for (const { raw } of page) yield raw;
  }
}

/** Only notes which records failed again: they are rejects already. */
export function noteRejects(note: (reject: Reject) => void): RejectWriter {
  let count = 0;
  return {
    get count() {
      return count;
    },
    isFull: false,
    // They are rejects already, and a replay is never refused for them.
    reasons: [],
    pendingBytes: 0,
    add(reject) {
      count++;
      note(reject);
    },
    drain: () => Promise.resolve(),
    counts: new Map(),
    beginFile() {},
    setHeader() {},
  };
}
