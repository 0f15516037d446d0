import type { Clock } from "../core/clock.ts";
import { formatPlural } from "../core/format_text.ts";
import { retry } from "../core/retry.ts";
import { storableJson } from "../core/storable_json.ts";
import { escaped, isUntranslatable, type TextMap } from "../db/storing.ts";
import type { Queryable } from "../db/database.ts";
import { logEntries, type LogLevel, matters } from "./log_entry.ts";
import type { Observer, Warn } from "./observer.ts";

/** What the table's writer needs. */
export interface LogTableOptions {
  readonly db: Queryable;
  readonly clock: Clock;
  /** The least that is written. */
  readonly level: LogLevel;
  readonly warn: Warn;
}

/** Records of one statement. */
const BATCH = 500;
/** Milliseconds that records wait for company. */
const INTERVAL = 1_000;
/** Records that may wait; beyond it the newest are counted instead of kept. */
const LIMIT = 10_000;
/** Milliseconds that closing waits for the database. */
const CLOSING = 5_000;

interface Row {
  readonly run_id: string | null;
  readonly at: string;
  readonly level: LogLevel;
  readonly pipeline: string | null;
  readonly partition: string | null;
  readonly stage: string | null;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Writes the log into `sluice.logs`, in batches and beside the run.
 *
 * A load neither waits for it nor fails with it: records that the database does not take are
 * dropped and counted.
 */
export function logTable({ db, clock, level, warn }: LogTableOptions): Observer {
  const entryOf = logEntries();
  const waiting: Row[] = [];
  let dropped = 0;
  let failure: unknown = null;
  let writing: Promise<void> | null = null;
  const closed = new AbortController();

  async function write(): Promise<void> {
    // Records of a second share a statement; whoever closes does not want to wait for it.
    await clock.sleep(INTERVAL, closed.signal).catch(() => {});
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      if (!await insert(batch)) return;
      waiting.splice(0, batch.length);
    }
  }
  async function insert(batch: readonly Row[]): Promise<boolean> {
    let text: TextMap | undefined;
    try {
      await retry(() => db.query(INSERT, [storableJson(batch, text)]), {
        clock,
        // Once more: an interrupted run cancels every statement under way, this one too.
        attempts: 2,
        delay: () => 0,
        again(error) {
          failure = error;
          if (isUntranslatable(error)) text = escaped;
          return true;
        },
      });
      return true;
    } catch {
      return false;
    }
  }
  function start(): void {
    writing ??= write().finally(() => writing = null);
  }
  return {
    observe(event) {
      const entry = entryOf(event);
      if (entry === null || !matters(entry.level, level)) return;
      if (waiting.length >= LIMIT) {
        dropped++;
        return;
      }
      const { event: kind, message, attributes, ...position } = entry;
      waiting.push({
        ...position,
        at: clock.now().toISOString(),
        level: entry.level,
        message,
        attributes: { event: kind, ...attributes },
      });
      start();
    },
    async close() {
      closed.abort();
      const done = new AbortController();
      await Promise.race([
        (async () => {
          await writing;
          if (waiting.length > 0) await write();
        })(),
        clock.sleep(CLOSING, done.signal).catch(() => {}),
      ]);
      done.abort();
      const lost = waiting.length + dropped;
      if (lost === 0) return;
      const why = failure instanceof Error ? `: ${failure.message}` : "";
      warn(`${formatPlural(lost, "log record")} did not get into sluice.logs${why}`);
    },
  };
}

const INSERT = `insert into sluice.logs
  (run_id, at, level, pipeline, partition, stage, message, attributes)
select run_id, at, level, pipeline, partition, stage, message, attributes
from jsonb_to_recordset($1::text::jsonb) as r (
  run_id uuid, at timestamptz, level text, pipeline text, partition text, stage text,
  message text, attributes jsonb)`;
