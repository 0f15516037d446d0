import type { Clock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import type { Encoded } from "../core/result.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { Database } from "../db/database.ts";
import type { RejectWriter } from "../ledger/rejected_rows.ts";
import type { TableName } from "../plan/load_plan.ts";
import type { RowEncoder } from "../rows/row_encoder.ts";
import type { Frame } from "../rows/frame.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import type { ReaderFacts, RecordReader } from "../source/formats/format.ts";
import type { RandomInput } from "../source/random_input.ts";
import { CarefulCopy } from "./careful_copy.ts";
import { CopyFan, type RowSink } from "./copy_fan.ts";
import type { RefusedRow } from "./refused_rows.ts";

/** The stages before this one, handed in ready to use: values meet in `run/`. */
export interface RowStream {
  /** There can be several files: errors say which one they are of. */
  readonly isSet: boolean;
  /** The files of the load, each read to its end before the next one. */
  readonly files: AsyncIterable<RowFile>;
  /** Starts to read a file; `base` bytes have come in those before it. */
  open(file: RowFile, base: number): Promise<RecordReader>;
  /** Called once for each file, when its header is known; the columns are those of the first. */
  compile(
    header: readonly string[] | null,
    width: number,
    about: ReaderFacts | undefined,
  ): RowEncoder;
  makeFrame(): Frame;
  /** All frames that were made are free again. */
  takeBackFrames(): void;
  /** Told of the rows that Postgres took, before their frame is used again. */
  taken?(frame: Frame): void;
}

/** One file of a load. */
export interface RowFile {
  /** As messages and the ledger name it. */
  readonly url: string;
  /** Decompressed bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** In place of them: decompressed bytes in any order. */
  whole(): Promise<RandomInput>;
  /** The encoding that the server announces. */
  readonly announced?: string;
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
  /** Of each file, in their order. */
  readonly rowsByFile: readonly number[];
  /** Seconds spent waiting for bytes, parsing, and waiting for Postgres. */
  readonly read: number;
  readonly parse: number;
  readonly copy: number;
}

const NOTHING: Encoded = { records: 0, bytes: 0 };

/** Raw bytes of rejects held in memory before they are written. */
const PENDING_REJECT_BYTES = 1 << 20;

/**
 * Bytes that are read at once, but for those whose tuples are more than a frame holds.
 *
 * A batch and its tuples stay in the processor's cache: a month took 1.53 CPU s with 64 KiB, 1.62
 * with 256 KiB and 2.1 with 1 MiB (medians of four, in turn). And each bad record is an object until
 * it is written or dropped: a megabyte of `x` lines has half a million.
 */
const MOST_BYTES = 1 << 16;
const FRAME_BYTES = 1 << 20;
const LEAST_BYTES = 1 << 14;

/** Streams records into a staging table; rejects go to the ledger on the way. */
export async function stageRows(stream: RowStream, context: RowsDestination): Promise<StagedRows> {
  const { clock, rejects } = context;
  let reader: RecordReader;
  let url = "";
  let encoder: RowEncoder | null = null;
  let base = 0;
  let rowsDiscarded = 0;
  let valuesDiscarded = 0;
  const rowsByFile: number[] = [];
  let plain = NOTHING;
  let special = NOTHING;
  let fan: RowSink<Frame> | null = null;
  let columns: readonly string[] = [];
  let rowsCopied = 0;
  let rowsRead = 0;
  let rowsStaged = 0;
  let rowsRefused = 0;
  let parse = 0;
  let copy = 0;
  /** Bytes of the frame that was filled last. */
  let written = 0;
  const started = clock.monotonic();

  function compile(width: number): RowEncoder {
    const { header, about } = reader;
    return stream.compile(header, width, about);
  }

  async function prepare(): Promise<{ encoder: RowEncoder; fan: RowSink<Frame> }> {
    encoder ??= compile(reader.header?.length ?? 0);
    // A file that lacks a field has its column elsewhere in a row.
    if (fan !== null && !isSame(columns, encoder.columns)) {
      rowsCopied += await finish(fan);
      fan = null;
      stream.takeBackFrames();
    }
    columns = encoder.columns;
    fan ??= openSink(stream, context, columns);
    return { encoder, fan };
  }

  /** Bytes to read next, by what the last ones came to. */
  function nextPiece(read: number): number {
    if (written === 0) return MOST_BYTES;
    return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, Math.floor(read * FRAME_BYTES / written)));
  }

  async function finish(fan: RowSink<Frame>): Promise<number> {
    const finishing = clock.monotonic();
    const rows = await fan.finish();
    copy += clock.monotonic() - finishing;
    return rows;
  }

  async function consume(batch: RecordBatch): Promise<void> {
    encoder ??= compile(batch.width);
    const ready = await prepare();
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

  /** Reads a file from its beginning to its end. */
  async function readChunks(file: RowFile): Promise<void> {
    let size = MOST_BYTES;
    const isPart = reader.about?.isPart === true;
    for await (const chunk of file.chunks) {
      context.signal.throwIfAborted();
      base += chunk.length * (reader.about?.widens ?? 1);
      for (let at = 0; at < chunk.length;) {
        // Records that were kept one by one come so.
        const piece = isPart ? chunk : chunk.subarray(at, at + size);
        at += piece.length;
        const scanning = clock.monotonic();
        const batch = reader.push(piece);
        parse += clock.monotonic() - scanning;
        written = 0;
        if (batch !== null) await consume(batch);
        size = nextPiece(piece.length);
      }
    }
    const last = reader.finish();
    if (last !== null) await consume(last);
  }

  /** Reads a file in the order that it has itself. */
  async function readBatches(batches: AsyncIterable<RecordBatch>): Promise<void> {
    let since = clock.monotonic();
    for await (const batch of batches) {
      parse += clock.monotonic() - since;
      context.signal.throwIfAborted();
      await consume(batch);
      since = clock.monotonic();
    }
    base = reader.end ?? base;
  }

  try {
    for await (const file of stream.files) {
      url = file.url;
      reader = await stream.open(file, base);
      encoder = null;
      const rowsBefore = rowsRead;
      if (reader.batches === undefined) await readChunks(file);
      else {
        const input = await file.whole();
        await readBatches(reader.batches(input));
        await input.confirm();
      }
      const ready = await prepare();
      ready.encoder.end();
      rowsDiscarded += ready.encoder.discarded;
      valuesDiscarded += ready.encoder.valuesDiscarded;
      plain = sum(plain, ready.encoder.plain);
      special = sum(special, ready.encoder.special);
      rowsByFile.push(rowsRead - rowsBefore);
      await rejects.drain();
    }
    context.signal.throwIfAborted();
    if (fan === null) throw new Error("A load has at least one file");
    rowsCopied += await finish(fan);
    rowsRefused = context.refused?.length ?? 0;
    if (rowsCopied + rowsRefused !== rowsStaged) {
      throw new Error(
        `Sent ${rowsStaged} rows, Postgres refused ${rowsRefused} and counted ${rowsCopied}`,
      );
    }
  } catch (error) {
    await (fan as RowSink<Frame> | null)?.abort("The load was stopped");
    throw stream.isSet ? inFile(error, url) : error;
  }
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
    valuesDiscarded,
    plain,
    special,
    rowsByFile,
    read: Math.max(0, total - parse - copy) / 1000,
    parse: parse / 1000,
    copy: copy / 1000,
  };
}

/** An error about a file, with the name of the one it is about. */
function inFile(error: unknown, url: string): unknown {
  const isOfFile = error instanceof SluiceError && /^(rows|source)\//.test(error.code) &&
    !error.message.includes(url);
  if (!isOfFile) return error;
  const { code, message, ...rest } = error.toJSON();
  const options = { ...rest, cause: error };
  return new SluiceError(code as `rows/${string}`, `${message} (in "${url}")`, options);
}

function sum(a: Encoded, b: Encoded): Encoded {
  return { records: a.records + b.records, bytes: a.bytes + b.bytes };
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, at) => name === others[at]);
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
