import type { Clock } from "../core/clock.ts";
import type { Encoded } from "../core/result.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { Database } from "../db/database.ts";
import type { RejectWriter } from "../ledger/rejected_rows.ts";
import type { TableName } from "../plan/load_plan.ts";
import type { RowEncoder } from "../rows/compile_rows.ts";
import type { Frame } from "../rows/frame.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import type { ReaderFacts, RecordReader } from "../source/formats/format.ts";
import { CarefulCopy } from "./careful_copy.ts";
import { CopyFan, type RowSink } from "./copy_fan.ts";
import type { RefusedRow } from "./refused_rows.ts";

/** The stages before this one, handed in ready to use: values meet in `run/`. */
export interface RowStream {
  /** Decompressed bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly reader: RecordReader;
  /** Called once, when the header is known. */
  compile(
    header: readonly string[] | null,
    width: number,
    about: ReaderFacts | undefined,
  ): RowEncoder;
  makeFrame(): Frame;
  /** Told of the rows that Postgres took, before their frame is used again. */
  taken?(frame: Frame): void;
}

/** Where the rows go, and who gets the events. */
export interface RowsDestination {
  readonly db: Database;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly staging: TableName;
  readonly copyConnections: number;
  /** Gets the rows that COPY refuses; null: one of them ends the load. */
  readonly refused: RefusedRow[] | null;
  readonly rejects: RejectWriter;
  progress(rowsRead: number): void;
}

/** What a stream of rows came to. */
export interface StagedRows {
  readonly rowsRead: number;
  readonly rowsStaged: number;
  /** By COPY, where rows it refuses are looked for. */
  readonly rowsRefused: number;
  /** Left out because the schema contract says so. */
  readonly rowsDiscarded: number;
  /** Values of staged rows in fields of no column. */
  readonly valuesDiscarded: number;
  /** Records that were encoded as they stood, and those that needed a closer look. */
  readonly plain: Encoded;
  readonly special: Encoded;
  /** Seconds spent waiting for bytes, parsing, and waiting for Postgres. */
  readonly read: number;
  readonly parse: number;
  readonly copy: number;
}

const NOTHING: Encoded = { records: 0, bytes: 0 };

/** Raw bytes of rejects held in memory before they are written. */
const PENDING_REJECT_BYTES = 1 << 20;

/**
 * Bytes that are read at once at the start, and for as long as records are mostly bad: each bad one
 * is an object until it is written or dropped, and a megabyte of `x` lines has half a million.
 */
const CAREFUL_BYTES = 1 << 16;
const MANY_MALFORMED = 1_000;
/** Bytes that are read at once otherwise, but for those whose tuples are more than a frame holds. */
const MOST_BYTES = 1 << 18;
const FRAME_BYTES = 1 << 20;
const LEAST_BYTES = 1 << 14;

/** Streams records into a staging table; rejects go to the ledger on the way. */
export async function stageRows(stream: RowStream, context: RowsDestination): Promise<StagedRows> {
  const { clock, rejects } = context;
  let encoder: RowEncoder | null = null;
  let fan: RowSink<Frame> | null = null;
  let rowsRead = 0;
  let rowsStaged = 0;
  let rowsRefused = 0;
  let parse = 0;
  let copy = 0;
  /** Bytes of the frame that was filled last. */
  let written = 0;
  const started = clock.monotonic();

  function compile(width: number): RowEncoder {
    const { header, about } = stream.reader;
    return stream.compile(header, width, about);
  }

  function prepare(): { encoder: RowEncoder; fan: RowSink<Frame> } {
    encoder ??= compile(stream.reader.header?.length ?? 0);
    fan ??= openSink(stream, context, encoder.columns);
    return { encoder, fan };
  }

  /** Bytes to read next, by what the last ones came to. */
  function nextPiece(read: number, batch: RecordBatch | null): number {
    if (batch === null) return MOST_BYTES;
    if (batch.malformed.length > MANY_MALFORMED) return CAREFUL_BYTES;
    const fitting = written === 0 ? MOST_BYTES : Math.floor(read * FRAME_BYTES / written);
    return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, fitting));
  }

  async function consume(batch: RecordBatch): Promise<void> {
    encoder ??= compile(batch.width);
    const ready = prepare();
    const waiting = clock.monotonic();
    const frame = await ready.fan.take();
    const encoding = clock.monotonic();
    copy += encoding - waiting;
    const rows = ready.encoder.encode(batch, frame, rejects.add, rejects.isFull);
    rowsStaged += rows;
    written = frame.length;
    rowsRead += batch.count + batch.malformed.length;
    parse += clock.monotonic() - encoding;
    await ready.fan.send(frame);
    if (rejects.pendingBytes > PENDING_REJECT_BYTES) await rejects.drain();
    context.progress(rowsRead);
  }

  try {
    let size = CAREFUL_BYTES;
    const isPart = stream.reader.about?.isPart === true;
    for await (const chunk of stream.chunks) {
      context.signal.throwIfAborted();
      for (let at = 0; at < chunk.length;) {
        // Records that were kept one by one come so.
        const piece = isPart ? chunk : chunk.subarray(at, at + size);
        at += piece.length;
        const scanning = clock.monotonic();
        const batch = stream.reader.push(piece);
        parse += clock.monotonic() - scanning;
        written = 0;
        if (batch !== null) await consume(batch);
        size = nextPiece(piece.length, batch);
      }
    }
    const last = stream.reader.finish();
    if (last !== null) await consume(last);
    const ready = prepare();
    ready.encoder.end();
    await rejects.drain();
    context.signal.throwIfAborted();
    const finishing = clock.monotonic();
    const rowsCopied = await ready.fan.finish();
    copy += clock.monotonic() - finishing;
    rowsRefused = context.refused?.length ?? 0;
    if (rowsCopied + rowsRefused !== rowsStaged) {
      throw new Error(
        `Sent ${rowsStaged} rows, Postgres refused ${rowsRefused} and counted ${rowsCopied}`,
      );
    }
  } catch (error) {
    await (fan as RowSink<Frame> | null)?.abort("The load was stopped");
    throw error;
  }
  const rowsDiscarded = (encoder as RowEncoder | null)?.discarded ?? 0;
  if (rowsRead !== rowsStaged + rejects.count + rowsDiscarded) {
    throw new Error(
      `Read ${rowsRead} rows, staged ${rowsStaged}, rejected ${rejects.count}, ` +
        `discarded ${rowsDiscarded}`,
    );
  }
  const total = clock.monotonic() - started;
  return {
    rowsRead,
    rowsStaged: rowsStaged - rowsRefused,
    rowsRefused,
    rowsDiscarded,
    valuesDiscarded: (encoder as RowEncoder | null)?.valuesDiscarded ?? 0,
    plain: (encoder as RowEncoder | null)?.plain ?? NOTHING,
    special: (encoder as RowEncoder | null)?.special ?? NOTHING,
    read: Math.max(0, total - parse - copy) / 1000,
    parse: parse / 1000,
    copy: copy / 1000,
  };
}

function openSink(
  { makeFrame, taken = () => {} }: RowStream,
  context: RowsDestination,
  columns: readonly string[],
): RowSink<Frame> {
  const open = openCopy(context, columns);
  return context.refused === null
    ? new CopyFan(open, context.copyConnections, makeFrame)
    : new CarefulCopy(open, columns, context.refused, makeFrame, taken);
}

function openCopy({ db, staging }: RowsDestination, columns: readonly string[]) {
  const sql = `copy ${quoteTable(staging)} (${
    columns.map(quoteIdent).join(", ")
  }) from stdin (format binary)`;
  return () => db.copyIn(sql);
}
