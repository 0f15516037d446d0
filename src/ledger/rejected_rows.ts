import type { Reject } from "../core/reject.ts";
import { FirstReasons, type RejectReason } from "../core/reject_reason.ts";
import { storableText } from "../core/storable_json.ts";
import type { Queryable } from "../db/database.ts";
import { storing, type TextMap } from "../db/storing.ts";

/** Writes rejects in batches; `add` never waits, `drain` bounds memory. */
export interface RejectWriter {
  add(reject: Reject): void;
  /** Rejects added so far, written or not. */
  readonly count: number;
  /** From now on `add` only counts. */
  readonly isFull: boolean;
  /** The first reasons of those that are kept. */
  readonly reasons: readonly RejectReason[];
  /** Bytes of rejects waiting to be written, roughly. */
  readonly pendingBytes: number;
  /** Writes what is waiting. */
  drain(): Promise<void>;
  /**
   * From now on rejects are of this file of the load.
   *
   * @param base where its first byte stands among the bytes of all: offsets are told within the file
   */
  beginFile(url: string, base: number): void;
  /** Tells the names of the file's fields, once they are known. */
  setHeader(header: readonly string[] | null): void;
  /** Rejects of each file so far, by its URL. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Where a load's rejects belong. */
export interface RejectOwner {
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: string | null;
  /** Beyond this many only the count goes on: the load is refused anyway. */
  readonly keep: number;
}

/** Rows per INSERT: enough to make the round trip cheap, few enough to stay small in memory. */
const BATCH_ROWS = 500;

/** What a reject takes beside its record, roughly: many small ones must not pile up either. */
const REJECT_BYTES = 400;

/** Opens a writer to `sluice.rejected_rows`. */
export function openRejectWriter(db: Queryable, owner: RejectOwner): RejectWriter {
  let waiting: FileReject[] = [];
  let file = { url: "", base: 0 };
  const counts = new Map<string, number>();
  /** Names of the fields of each file that are not written yet. */
  const headers = new Map<string, readonly string[] | null>();
  const written = new Set<string>();
  let count = 0;
  const reasons = new FirstReasons();
  let pendingBytes = 0;
  return {
    beginFile: (url, base) => void (file = { url, base }),
    setHeader: (names) => void headers.set(file.url, names),
    counts,
    get count() {
      return count;
    },
    get reasons() {
      return reasons.list;
    },
    get isFull() {
      return count >= owner.keep;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    add(reject) {
      count++;
      counts.set(file.url, (counts.get(file.url) ?? 0) + 1);
      if (count > owner.keep) return;
      waiting.push({ ...reject, byteOffset: reject.byteOffset - file.base, url: file.url });
      reasons.add(reject);
      pendingBytes += reject.raw.length + REJECT_BYTES;
    },
    async drain() {
      const rejects = waiting;
      for (const { url } of rejects) {
        if (written.has(url)) continue;
        written.add(url);
        await storing((text) => insertHeader(db, owner, text(url), headers.get(url) ?? null));
      }
      waiting = [];
      pendingBytes = 0;
      for (let at = 0; at < rejects.length; at += BATCH_ROWS) {
        const batch = rejects.slice(at, at + BATCH_ROWS);
        await storing((text) => insertRejects(db, owner, batch, text));
      }
    },
  };
}

/** Removes what an attempt that is about to be repeated has written. */
export async function forgetRejects(
  db: Queryable,
  runId: string,
  partition: string | null,
): Promise<void> {
  for (const table of ["rejected_rows", "reject_headers"]) {
    await db.query(
      `delete from sluice.${table} where run_id = $1
  and (partition = $2::text or partition is null and $2::text is null)
  and not exists (
    select from sluice.loads
    where run_id = $1 and coalesce(partition, '') = coalesce($2::text, ''))`,
      [runId, partition],
    );
  }
}

/** A reject, and the file that it is of. */
interface FileReject extends Reject {
  readonly url: string;
}

async function insertHeader(
  db: Queryable,
  { runId, partition }: RejectOwner,
  url: string,
  header: readonly string[] | null,
): Promise<void> {
  await db.query(
    `insert into sluice.reject_headers (run_id, partition, source_url, header)
values ($1::uuid, $2::text, $3::text, $4::text::json)`,
    [runId, partition, url, header === null ? null : asciiJson(header)],
  );
}

/** JSON whose escapes every encoding can hold; the column keeps them as they are. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

async function insertRejects(
  db: Queryable,
  owner: RejectOwner,
  rejects: readonly FileReject[],
  text: TextMap,
): Promise<void> {
  // One JSON parameter: its size is not bound by Postgres's 65,535 parameters, and hex keeps bytes
  // that are no valid UTF-8.
  const rows = rejects.map((reject) => ({
    source_url: text(reject.url),
    line: reject.line,
    byte_offset: reject.byteOffset,
    column_name: reject.column,
    code: reject.code,
    message: text(storableText(reject.message)),
    raw: toHex(reject.raw),
  }));
  await db.query(
    `insert into sluice.rejected_rows
  (run_id, pipeline, partition, source_url, line, byte_offset, column_name, code, message, raw)
select $1::uuid, $2::text, $3::text, source_url,
  line, byte_offset, column_name, code, message, decode(raw, 'hex')
from json_to_recordset($4::text::json) as r
  (source_url text, line bigint, byte_offset bigint, column_name text, code text, message text, raw text)`,
    [owner.runId, owner.pipeline, owner.partition, JSON.stringify(rows)],
  );
}

function toHex(bytes: Uint8Array): string {
  return (bytes as Uint8Array & { toHex(): string }).toHex();
}
