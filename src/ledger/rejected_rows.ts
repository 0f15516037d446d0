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
  /** Tells the names of the fields, once they are known. */
  setHeader(header: readonly string[] | null): void;
}

/** Where a load's rejects belong. */
export interface RejectOwner {
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: string | null;
  /** Without secrets. */
  readonly sourceUrl: string;
  /** Beyond this many only the count goes on: the load is refused anyway. */
  readonly keep: number;
}

/** Rows per INSERT: enough to make the round trip cheap, few enough to stay small in memory. */
const BATCH_ROWS = 500;

/** What a reject takes beside its record, roughly: many small ones must not pile up either. */
const REJECT_BYTES = 400;

/** Opens a writer to `sluice.rejected_rows`. */
export function openRejectWriter(db: Queryable, owner: RejectOwner): RejectWriter {
  let waiting: Reject[] = [];
  let count = 0;
  const reasons = new FirstReasons();
  let pendingBytes = 0;
  let header: readonly string[] | null = null;
  let headerWritten = false;
  return {
    setHeader: (names) => void (header = names),
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
      if (count > owner.keep) return;
      waiting.push(reject);
      reasons.add(reject);
      pendingBytes += reject.raw.length + REJECT_BYTES;
    },
    async drain() {
      const rejects = waiting;
      if (rejects.length > 0 && !headerWritten) {
        headerWritten = true;
        await insertHeader(db, owner, header);
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
      `delete from sluice.${table} where run_id = $1 and partition is not distinct from $2::text
  and not exists (
    select from sluice.loads where run_id = $1 and partition is not distinct from $2::text)`,
      [runId, partition],
    );
  }
}

async function insertHeader(
  db: Queryable,
  { runId, partition }: RejectOwner,
  header: readonly string[] | null,
): Promise<void> {
  await db.query(
    `insert into sluice.reject_headers (run_id, partition, header)
values ($1::uuid, $2::text, $3::text::json)`,
    [runId, partition, header === null ? null : asciiJson(header)],
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
  rejects: readonly Reject[],
  text: TextMap,
): Promise<void> {
  // One JSON parameter: its size is not bound by Postgres's 65,535 parameters, and hex keeps bytes
  // that are no valid UTF-8.
  const rows = rejects.map((reject) => ({
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
select $1::uuid, $2::text, $3::text, $4::text,
  line, byte_offset, column_name, code, message, decode(raw, 'hex')
from json_to_recordset($5::text::json) as r
  (line bigint, byte_offset bigint, column_name text, code text, message text, raw text)`,
    [owner.runId, owner.pipeline, owner.partition, text(owner.sourceUrl), JSON.stringify(rows)],
  );
}

function toHex(bytes: Uint8Array): string {
  return (bytes as Uint8Array & { toHex(): string }).toHex();
}
