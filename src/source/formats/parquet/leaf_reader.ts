import { crc32 } from "node:zlib";
import type { ColumnMetaData, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { StoredSegment, StoredType } from "../../../rows/stored/stored_rows.ts";
import type { ByteRange, RandomInput } from "../../random_input.ts";
import { damaged, decoding, type Place, tooLarge } from "./faults.ts";
import type { Node } from "./footer.ts";
import type { HybridWindow } from "./hybrid.ts";
import type { LeafText } from "./leaf_text.ts";
import { countOf, type Page, readDataPage, readDictionary, valueAt, type Values } from "./page.ts";
import { TextWriter } from "./text_writer.ts";

/** Bytes of a leaf that are read at once; a page that is longer is read whole. */
const WINDOW_BYTES = 1 << 18;
/** What a page may take in memory. */
const MOST_PAGE_BYTES = 1 << 27;
/** A header holds the least and the largest value. */
const MOST_HEADER_BYTES = 1 << 24;
/** Entries of a page: their levels cost no bytes in the file where all are alike. */
const MOST_ENTRIES = 1 << 26;

/** Numbers of a header: what is written there may be of any type. */
function requireNumbers(header: PageHeader): void {
  const { data_page_header: first, data_page_header_v2: second } = header;
  const numbers = [
    header.compressed_page_size,
    header.uncompressed_page_size,
    header.crc ?? 0,
    header.dictionary_page_header?.num_values ?? 0,
    ...(first === undefined ? [] : [first.num_values]),
    ...(second === undefined ? [] : [
      second.num_values,
      second.definition_levels_byte_length,
      second.repetition_levels_byte_length,
    ]),
  ];
  if (!numbers.every(Number.isSafeInteger)) throw new Error("what should be numbers is none");
}

/** Indices that are read at once where values are taken one by one. */
const AHEAD = 1 << 10;

/** Bytes that the headers of a dictionary have at most, which some writers do not count. */
const UNCOUNTED_BYTES = 1 << 8;

/** Where a file says that the pages of a leaf lie in a row group, which may be untrue. */
function bytesOf(chunk: ColumnMetaData): ByteRange {
  const data = Number(chunk.data_page_offset);
  const dictionary = Number(chunk.dictionary_page_offset ?? 0);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  return { start, end: start + Number(chunk.total_compressed_size) };
}

/** The bytes that are read of it; empty where they cannot lie there. */
export function bytesRead(chunk: ColumnMetaData, size: number): ByteRange {
  const { start, end } = bytesOf(chunk);
  if (!(start >= 4 && end > start && end <= size)) return { start: 0, end: 0 };
  const hasDictionary = chunk.dictionary_page_offset !== undefined;
  return { start, end: hasDictionary ? Math.min(end + UNCOUNTED_BYTES, size) : end };
}

/** Goes through the entries of one leaf in one row group, page by page. */
export class LeafReader {
  readonly #file: RandomInput;
  readonly #chunk: ColumnMetaData;
  readonly #leaf: Node;
  readonly #place: Place;
  readonly #text: LeafText;

  /** Bytes from {@link #windowAt} of the file on. */
  #window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #windowAt: number;
  /** Where the next page begins in the file, and where no page is. */
  #next: number;
  #end: number;
  /** Entries that no page was read of. */
  #unread: number;

  #dictionary: Values | null = null;
  /** Texts of the dictionary's values that were asked for, and where each lies; -1: not yet. */
  readonly #texts = new TextWriter(new Uint8Array(0));
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);
  readonly #pages: Page[] = [];
  #page: Page = { count: 0, rep: null, def: null, values: [], indices: null };
  #at = 0;
  #value = 0;
  /** Rows that begin in the pages at hand, from the next entry on. */
  #rows = 0;

  constructor(file: RandomInput, chunk: ColumnMetaData, leaf: Node, text: LeafText, place: Place) {
    this.#file = file;
    this.#chunk = chunk;
    this.#leaf = leaf;
    this.#place = place;
    this.#text = text;
    const { start } = bytesOf(chunk);
    const length = Number(chunk.total_compressed_size);
    if (!(start >= 4 && length >= 0 && start + length <= file.size)) {
      throw damaged(place, `it would lie at byte ${start} and have ${length} bytes`);
    }
    if (chunk.type !== leaf.element.type) {
      throw damaged(place, `it holds ${chunk.type}, and the schema says ${leaf.element.type}`);
    }
    this.#next = this.#windowAt = start;
    this.#end = start + length;
    this.#unread = Number(chunk.num_values);
  }

  get kind(): LeafText["kind"] {
    return this.#text.kind;
  }

  get stored(): StoredType {
    return this.#text.stored;
  }

  /** Whether so many rows are at hand. */
  holds(rows: number): boolean {
    return this.#rows >= rows;
  }

  /** Reads pages until so many whole rows are at hand. */
  async load(rows: number): Promise<void> {
    // A row that repeats ends where the next one begins.
    const needed = this.#leaf.rep > 0 ? rows + 1 : rows;
    while (this.#rows < needed && this.#unread > 0) await this.#readPage();
    if (this.#rows < rows) throw damaged(this.#place, "it has fewer values than rows");
  }

  /** Whether entries are left, which the row group has no rows for. */
  end(): void {
    if (this.#rows > 0 || this.#unread > 0) {
      throw damaged(this.#place, "it has more values than rows");
    }
  }

  /** Levels of the next entry; `rep` is 0 behind the last one. */
  get rep(): number {
    return this.#turn() ? this.#page.rep?.[this.#at] ?? 0 : 0;
  }

  get def(): number {
    if (!this.#turn()) throw this.#cut();
    return this.#page.def?.[this.#at] ?? this.#leaf.def;
  }

  /** Goes on to the next entry, of which there is no value. */
  skip(): void {
    if ((this.#page.rep?.[this.#at] ?? 0) === 0) this.#rows--;
    this.#at++;
  }

  /** Writes the value of the next entry and goes on; false where it is NULL. */
  take(out: TextWriter): boolean {
    if (!this.#turn()) throw this.#cut();
    const page = this.#page;
    const isNull = page.def !== null && page.def[this.#at] !== this.#leaf.def;
    this.skip();
    if (isNull) return false;
    const at = this.#value++;
    if (page.indices === null) this.#put(valueAt(page.values!, at), out);
    else {
      const { indices } = page;
      if (!indices.holds(at)) this.#seek(indices, at, Math.min(at + AHEAD, indices.count));
      const index = indices.numbers[at - indices.from];
      // A number that the dictionary does not have is undefined in all three.
      if (!(this.#starts[index] >= 0)) this.#write(index);
      out.copy(this.#texts.bytes, this.#starts[index], this.#ends[index]);
    }
    return true;
  }

  /** The values of the next rows that are at hand, each row with one entry; none is taken. */
  segments(rows: number): StoredSegment[] {
    const segments: StoredSegment[] = [];
    let page = this.#page;
    let at = this.#at;
    let value = this.#value;
    for (let from = 0, ahead = 0; from < rows;) {
      while (at >= page.count) {
        page = this.#pages[ahead++];
        if (page === undefined) throw this.#cut();
        at = value = 0;
      }
      const to = Math.min(rows, from + page.count - at);
      const { def, indices } = page;
      const full = this.#leaf.def;
      const levels = { from, to, def, defAt: at, full };
      const next = at + to - from;
      if (indices === null) {
        segments.push({ ...levels, values: page.values!, at: value, indices: null });
      } else {
        const values = def === null ? to - from : countOf(def, full, at, next);
        const dictionary = this.#seek(indices, value, value + values);
        segments.push({ ...levels, values: dictionary, at: 0, indices: indices.numbers });
      }
      from = to;
      at = page.count;
    }
    return segments;
  }

  /** Goes on behind so many rows, each of one entry. */
  advance(rows: number): void {
    this.#rows -= rows;
    while (rows > 0 && this.#turn()) {
      const { count, def } = this.#page;
      const end = Math.min(count, this.#at + rows);
      rows -= end - this.#at;
      if (def === null) this.#value += end - this.#at;
      else this.#value += countOf(def, this.#leaf.def, this.#at, end);
      this.#at = end;
    }
    if (rows > 0) throw this.#cut();
  }

  /** Writes a value that is at hand. */
  put(value: unknown, out: TextWriter): void {
    try {
      this.#put(value, out);
    } catch (error) {
      decoding(this.#place, () => {
        throw error;
      });
    }
  }

  /** Has indices of a page at hand; returns the dictionary, which has the values that they ask for. */
  #seek(indices: HybridWindow, from: number, to: number): Values {
    const largest = decoding(this.#place, () => indices.seek(from, to));
    const dictionary = this.#dictionary;
    if (largest >= (dictionary?.length ?? 0)) this.#put(undefined, this.#texts);
    return dictionary ?? [];
  }

  #write(index: number): void {
    const texts = this.#texts;
    this.#starts[index] = texts.length;
    this.#put(this.#dictionary === null ? undefined : valueAt(this.#dictionary, index), texts);
    this.#ends[index] = texts.length;
  }

  #put(value: unknown, out: TextWriter): void {
    if (value === undefined) throw damaged(this.#place, "it has no value where one should be");
    this.#text.put(value, out);
  }

  /** Whether there is a next entry, whose page is at hand then. */
  #turn(): boolean {
    while (this.#at >= this.#page.count) {
      const page = this.#pages.shift();
      if (page === undefined) return false;
      this.#page = page;
      this.#at = this.#value = 0;
    }
    return true;
  }

  #cut() {
    return damaged(this.#place, "its values end before its rows");
  }

  async #readPage(): Promise<void> {
    const { header, start } = await this.#readHeader();
    const place = this.#place;
    const { compressed_page_size: stored, uncompressed_page_size: size } = header;
    if (!(stored >= 0 && size >= 0)) throw damaged(place, "a page has a negative length");
    const most = Math.max(stored, size);
    if (most > MOST_PAGE_BYTES) throw tooLarge(place, "a page", most, MOST_PAGE_BYTES);
    // Some writers leave the header of the dictionary out of a column's length. More than that would
    // be the pages of the next column.
    if (header.dictionary_page_header !== undefined) {
      this.#end = Math.min(this.#end + start - this.#next, this.#file.size);
    }
    if (start + stored > this.#end) throw damaged(place, "a page ends behind its column");
    await this.#fill(start, stored);
    this.#next = start + stored;
    const from = start - this.#windowAt;
    const bytes = this.#window.subarray(from, from + stored);
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) {
      throw damaged(place, "a page does not have its checksum");
    }
    decoding(place, () => this.#take(header, bytes));
  }

  #take(header: PageHeader, bytes: Uint8Array): void {
    if (header.dictionary_page_header !== undefined) {
      // Pages before it would take their values from it.
      const isFirst = this.#dictionary === null && this.#unread === Number(this.#chunk.num_values);
      if (!isFirst) throw damaged(this.#place, "a dictionary is not the first of its pages");
      this.#dictionary = readDictionary(bytes, header, this.#leaf, this.#chunk, this.#place);
      const { length } = this.#dictionary;
      this.#texts.length = 0;
      this.#starts = new Int32Array(length).fill(-1);
      this.#ends = new Int32Array(length);
      return;
    }
    const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
    // Pages of other kinds hold no values.
    if (count === undefined) return;
    if (!(count >= 0 && count <= this.#unread)) {
      throw damaged(this.#place, `a page of ${count} values, where ${this.#unread} are left`);
    }
    if (count > MOST_ENTRIES) throw tooLarge(this.#place, "a page", count, MOST_ENTRIES);
    const page = readDataPage(bytes, header, this.#leaf, this.#chunk, this.#place);
    this.#unread -= count;
    this.#pages.push(page);
    if (page.rep === null) this.#rows += count;
    else for (const rep of page.rep) if (rep === 0) this.#rows++;
  }

  async #readHeader(): Promise<{ header: PageHeader; start: number }> {
    for (let size = Math.min(WINDOW_BYTES, this.#end - this.#next);; size *= 2) {
      const most = Math.min(size, this.#end - this.#next);
      if (most <= 0) throw damaged(this.#place, `${this.#unread} of its values are missing`);
      await this.#fill(this.#next, Math.min(most, 1 << 10));
      const from = this.#next - this.#windowAt;
      const view = new DataView(this.#window.buffer, this.#window.byteOffset + from);
      const reader = { view, offset: 0 };
      try {
        const header = parquetHeader(reader);
        requireNumbers(header);
        return { header, start: this.#next + reader.offset };
      } catch (error) {
        // It may go on behind the window.
        if (!(error instanceof RangeError) || most === this.#end - this.#next) {
          throw damaged(this.#place, `a page has no header: ${(error as Error).message}`);
        }
        if (most > MOST_HEADER_BYTES) {
          throw tooLarge(this.#place, "the header of a page", most, MOST_HEADER_BYTES);
        }
        await this.#fill(this.#next, Math.min(most * 2, this.#end - this.#next));
      }
    }
  }

  /** Has so many bytes from `start` on in the window. */
  async #fill(start: number, count: number): Promise<void> {
    const from = start - this.#windowAt;
    if (from >= 0 && from + count <= this.#window.length) return;
    const end = Math.min(this.#end, start + Math.max(count, WINDOW_BYTES));
    this.#window = await this.#file.read(start, end);
    this.#windowAt = start;
  }
}
