import { SluiceError } from "../../../core/error.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { XlsxOptions } from "../../../spec/formats/xlsx.ts";
import type { RandomInput } from "../../random_input.ts";
import type { Format, RecordReader, Wanted } from "../format.ts";
import { damaged, tooLarge } from "./faults.ts";
import { cellName, type Merge, Merges } from "./merges.ts";
import { type NeededFields, neededFields } from "./needed.ts";
import { partsOf, refuseOldKind } from "./parts.ts";
import { readMerges } from "./read_merges.ts";
import { replayXlsx } from "./replay.ts";
import { isFault, RowBatch, type Value } from "./row_batch.ts";
import { type Cell, SheetRows } from "./sheet_rows.ts";
import { XLSX_TRAITS } from "./traits.ts";
import { isoText, numberText, serialText } from "./values.ts";
import { readingPart, readWorkbook, type Workbook } from "./workbook.ts";
import { openXml } from "./xml.ts";

/** Excel workbooks: the rows of a sheet; `docs/sources.md` describes them. */
export const xlsx: Format<XlsxOptions> = {
  open: (options, wanted, splitter) => new XlsxReader(options, wanted, splitter?.home),
  replay: replayXlsx,
  traits: () => XLSX_TRAITS,
};

/** Bytes of a sheet that are read at once; a few of them can name long texts. */
const LEAST_PIECE = 1 << 11;
const MOST_PIECE = 1 << 16;
/** Texts that a batch comes to: their tuples fit into a frame. */
const BATCH_BYTES = 1 << 17;

class XlsxReader implements RecordReader {
  header: readonly string[] | null = null;
  readonly #options: XlsxOptions;
  readonly #wanted: Wanted;
  readonly #home: BatchArrays | undefined;
  #rows: RowBatch | null = null;
  #book!: Workbook;
  #merges = new Merges([]);
  #needed: NeededFields;
  /** Values of merged cells that others are filled with. */
  readonly #merged = new Map<Merge, Value>();
  /** The width of records is known. */
  #hasWidth = false;

  constructor(options: XlsxOptions, wanted: Wanted, home?: BatchArrays) {
    this.#options = options;
    this.#wanted = wanted;
    this.#home = home;
    this.#needed = neededFields(wanted, null);
  }

  get end(): number {
    return this.#rows?.end ?? this.#wanted.base ?? 0;
  }

  push(): never {
    throw new Error("A workbook is read from its directory");
  }

  finish(): null {
    return null;
  }

  async *batches(file: RandomInput): AsyncGenerator<RecordBatch, void, undefined> {
    const { shown } = file;
    await refuseOldKind(file);
    const book = this.#book = await readWorkbook(file, this.#options.sheet);
    const { name, part } = book.sheet;
    const merges = await readMerges(file, part);
    this.#merges = new Merges(merges);
    const { base = 0, others } = this.#wanted;
    const rows = this.#rows = new RowBatch(
      this.#options,
      name,
      base,
      others === "read",
      this.#home,
    );
    const refs = new Set(merges.map(({ ref }) => ref));
    const events = new SheetRows((row, cells) => this.#take(row, cells), (ref) => refs.has(ref));
    const xml = await openXml(events);
    let parts = 0;
    let piece = LEAST_PIECE;
    for await (const { chunks } of partsOf(file, (each) => each.toLowerCase() === part)) {
      if (++parts > 1) throw damaged(shown, `it has the part ${part} twice`);
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) {
          const bytes = chunk.subarray(at, at + piece);
          at += bytes.length;
          rows.start();
          await readingPart(shown, part, () => xml.push(bytes));
          this.#guard(shown, events, bytes.length);
          const batch = rows.result();
          if (batch === null) continue;
          yield batch;
          const each = Math.max(1, rows.filled) / bytes.length;
          piece = Math.max(LEAST_PIECE, Math.min(MOST_PIECE, Math.floor(BATCH_BYTES / each)));
        }
      }
    }
    if (parts === 0) throw damaged(shown, `its part ${part} is missing`);
    await readingPart(shown, part, () => xml.end());
    if (this.#options.header && this.header === null) {
      throw new SluiceError(
        "source/empty_file",
        `The sheet ${JSON.stringify(name)} has no row for its header`,
        { hint: "Name another sheet, or write `header: false` for one without a header" },
      );
    }
  }

  /** Bytes since the last row that ended. */
  #open = 0;

  #guard(shown: string, events: SheetRows, bytes: number): void {
    this.#open = events.tookRow() || events.hasEnded ? 0 : this.#open + bytes;
    // Each character of a text may be an entity of some letters, and each cell has attributes.
    const most = this.#options.maxRecordBytes * 4 + (1 << 20);
    if (this.#open > most) throw tooLarge(shown, `a row of more than ${most} bytes`);
  }

  #take(row: number, cells: readonly Cell[]): void {
    const { header, headerRow } = this.#options;
    if (headerRow !== undefined && row < headerRow - 1) return;
    const values = this.#valuesOf(cells);
    if (values.every((value) => isBlank(value))) return;
    if (this.#hasWidth) return this.#takeRecord(row, values);
    if (headerRow !== undefined && row > headerRow - 1) throw this.#noHeader(headerRow);
    this.#hasWidth = true;
    while (isBlank(values.at(-1) ?? null)) values.pop();
    this.#rows!.batch.width = values.length;
    if (!header) return this.#takeRecord(row, values);
    this.header = Array.from(values, (value) => nameOf(value ?? null));
    this.#needed = neededFields(this.#wanted, this.header);
  }

  #noHeader(row: number): SluiceError {
    return new SluiceError(
      "source/malformed_header",
      `Row ${row} of the sheet ${JSON.stringify(this.#book.sheet.name)} is empty: expected ` +
        (this.#options.header ? "the header" : "the first record"),
      { details: { line: row }, hint: "Correct `header_row` under `source.format`" },
    );
  }

  #takeRecord(row: number, values: Value[]): void {
    const merges = this.#merges.of(row);
    if (merges.length > 0) this.#merge(row, values, merges);
    this.#rows!.add(row, values, this.#needed.isNeeded);
  }

  /** What cells have that are merged with others. */
  #merge(row: number, values: Value[], merges: readonly Merge[]): void {
    const { width } = this.#rows!.batch;
    for (const merge of merges) {
      const { top, left, right, ref } = merge;
      if (row === top) this.#merged.set(merge, values[left] ?? null);
      if (this.#options.mergedCells === "empty") continue;
      const value = this.#merged.get(merge) ?? null;
      for (let f = left; f <= Math.min(right, width - 1); f++) {
        if (row === top && f === left) continue;
        while (values.length < f) values.push(null);
        values[f] = this.#options.mergedCells === "fill"
          ? value
          : { merged: ref, value: textOf(value) };
      }
    }
  }

  #valuesOf(cells: readonly Cell[]): Value[] {
    const values: Value[] = [];
    for (const cell of cells) {
      while (values.length < cell.column) values.push(null);
      values.push(this.#valueOf(cell));
    }
    return values;
  }

  #valueOf({ type, value, style, column, hasFormula }: Cell): Value {
    if (value === null) {
      return hasFormula ? { formula: "without a value" } : null;
    }
    const { strings, styles, is1904 } = this.#book;
    switch (type) {
      case "s": {
        const text = /^\s*\d+\s*$/.test(value) ? strings.at(Number(value)) : null;
        if (text === null) {
          throw new Error(
            `a cell of column ${cellName(0, column).slice(0, -1)} has the text number ` +
              `${JSON.stringify(value.slice(0, 20))}, of ${strings.count}`,
          );
        }
        return { text, isText: true };
      }
      case "str":
      case "inlineStr":
        return { text: value, isText: true };
      case "e":
        return this.#options.nullValues.includes(value)
          ? { text: value, isText: true }
          : { error: value };
      default: {
        const stored = value.trim();
        if (stored === "") return hasFormula ? { formula: "without a value" } : null;
        if (type === "b") return { text: booleanText(stored), isText: false };
        const kind = styles.kindOf(style);
        const asDate = this.#needed.isDate(column);
        const text = type === "d"
          ? isoText(stored, kind, asDate)
          : kind === "number"
          ? numberText(stored)
          : serialText(stored, kind, is1904, asDate);
        return { text, isText: false };
      }
    }
  }
}

function isBlank(value: Value): boolean {
  return value === null || !isFault(value) && value.text.length === 0;
}

function textOf(value: Value): string | null {
  if (value === null || isFault(value)) return null;
  return typeof value.text === "string" ? value.text : new TextDecoder().decode(value.text);
}

/** What is neither stays as it is, which a boolean column refuses. */
function booleanText(stored: string): string {
  return /^(1|true)$/i.test(stored) ? "true" : /^(0|false)$/i.test(stored) ? "false" : stored;
}

/** A name, as one line: breaks in it are those of a narrow column. */
function nameOf(value: Value): string {
  return (textOf(value) ?? "").trim();
}
