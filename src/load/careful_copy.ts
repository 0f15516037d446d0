import { COPY_HEADER, COPY_TRAILER } from "../core/copy_format.ts";
import { SluiceError } from "../core/error.ts";
import { OFFSET_COLUMN } from "../core/names.ts";
import type { CopyIn } from "../db/database.ts";
import type { RowSink, TupleBuffer } from "./copy_fan.ts";
import { addRefused, isAboutRows, type RefusedRow } from "./refused_rows.ts";

/** Bytes per write, as where nothing is refused. */
const WRITE_BYTES = 256 * 1024;

/** From the tuple numbered `from` to that before `to`. */
type Range = readonly [from: number, to: number];

/**
 * Copies rows, and finds those that COPY refuses.
 *
 * Each buffer is a COPY of its own. One that fails is tried in parts: Postgres tells at which row
 * it stopped, which is right where it could not read a value and may be late where it could not
 * store a row; where it was late the parts are halves. So a row that is refused costs three small
 * copies, or about 2 log2(rows of a buffer).
 */
export class CarefulCopy<B extends TupleBuffer> implements RowSink<B> {
  readonly #open: () => Promise<CopyIn>;
  readonly #columns: readonly string[];
  readonly #refused: RefusedRow[];
  readonly #buffer: B;
  readonly #taken: (buffer: B) => void;
  #rows = 0;

  /**
   * @param open starts one more COPY into the same table
   * @param columns of each tuple; one is `_sluice_offset`
   * @param refused gets the rows that COPY refuses
   * @param taken is told of each buffer's rows that were not refused, once they are copied
   */
  constructor(
    open: () => Promise<CopyIn>,
    columns: readonly string[],
    refused: RefusedRow[],
    makeBuffer: () => B,
    taken: (buffer: B) => void,
  ) {
    this.#open = open;
    this.#columns = columns;
    this.#refused = refused;
    this.#buffer = makeBuffer();
    this.#taken = taken;
  }

  take(): Promise<B> {
    this.#buffer.length = 0;
    return Promise.resolve(this.#buffer);
  }

  /** Waits until every row of the buffer is copied or refused. */
  async send(buffer: B): Promise<void> {
    if (buffer.length === 0) return;
    const starts = tupleStarts(buffer);
    const gone: number[] = [];
    let toldRight = true;
    const ranges: Range[] = [[0, starts.length - 1]];
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const [from, to] = range;
      const error = await this.#try(buffer, starts, range);
      if (error === null) continue;
      if (to - from === 1) {
        this.#refuse(buffer, starts[from], error);
        gone.push(from);
        continue;
      }
      const told = toldRight ? from + toldRow(error) : -1;
      if (told >= from && told < to) {
        const alone = await this.#try(buffer, starts, [told, told + 1]);
        toldRight = alone !== null;
        if (alone !== null) {
          this.#refuse(buffer, starts[told], alone);
          gone.push(told);
        }
        if (told + 1 < to) ranges.push([told + 1, to]);
        if (from < told) ranges.push([from, told]);
        continue;
      }
      const middle = (from + to) >> 1;
      ranges.push([middle, to], [from, middle]);
    }
    cut(buffer, starts, gone);
    this.#rows += starts.length - 1 - gone.length;
    this.#taken(buffer);
  }

  /** Rows that were copied. */
  finish(): Promise<number> {
    return Promise.resolve(this.#rows);
  }

  /** Nothing is under way between two calls of `send`. */
  abort(): Promise<void> {
    return Promise.resolve();
  }

  /** Copies a range, or returns why its rows cannot be copied. */
  async #try(buffer: B, starts: readonly number[], [from, to]: Range): Promise<SluiceError | null> {
    const copy = await this.#open();
    try {
      await copy.write(COPY_HEADER);
      const end = starts[to];
      for (let at = starts[from]; at < end; at += WRITE_BYTES) {
        await copy.write(buffer.bytes.subarray(at, Math.min(at + WRITE_BYTES, end)));
      }
      await copy.write(COPY_TRAILER);
      const rows = await copy.finish();
      if (rows !== to - from) throw new Error(`Sent ${to - from} rows, Postgres counted ${rows}`);
      return null;
    } catch (error) {
      await copy.abort("The rows are tried in parts");
      if (!(error instanceof SluiceError) || !isAboutRows(error)) throw error;
      return error;
    }
  }

  #refuse(buffer: B, start: number, error: SluiceError): void {
    const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset);
    addRefused(this.#refused, {
      offset: readOffset(view, start, this.#columns.indexOf(OFFSET_COLUMN)),
      column: error.postgres?.column ?? toldColumn(error, this.#columns),
      error,
    });
  }
}

/** Where each tuple begins, and where the last one ends. */
function tupleStarts({ bytes, length }: TupleBuffer): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const starts = [0];
  for (let at = 0; at < length; starts.push(at)) {
    let fields = view.getInt16(at);
    at += 2;
    for (; fields > 0; fields--) at += 4 + Math.max(0, view.getInt32(at));
  }
  return starts;
}

function readOffset(view: DataView, start: number, position: number): number {
  if (position < 0) throw new Error("Rows are copied carefully without their offset");
  let at = start + 2;
  for (let field = 0; field < position; field++) at += 4 + Math.max(0, view.getInt32(at));
  return Number(view.getBigInt64(at + 4));
}

/** Takes tuples out of a buffer. */
function cut(buffer: TupleBuffer, starts: readonly number[], gone: readonly number[]): void {
  if (gone.length === 0) return;
  const without = new Set(gone);
  let end = 0;
  for (let tuple = 0; tuple < starts.length - 1; tuple++) {
    if (without.has(tuple)) continue;
    buffer.bytes.copyWithin(end, starts[tuple], starts[tuple + 1]);
    end += starts[tuple + 1] - starts[tuple];
  }
  buffer.length = end;
}

/** `COPY things, line 3, column name`, the words in the server's language. */
const CONTEXT = /^COPY .*?, \S+ (\d+)(?:, \S+ (.+))?$/m;

/** The row, from 0, that COPY says it stopped at; NaN where it says none. */
function toldRow({ postgres }: SluiceError): number {
  return Number(CONTEXT.exec(postgres?.where ?? "")?.[1] ?? NaN) - 1;
}

function toldColumn({ postgres }: SluiceError, columns: readonly string[]): string | null {
  const told = CONTEXT.exec(postgres?.where ?? "")?.[2];
  return columns.find((name) => name === told) ?? null;
}
