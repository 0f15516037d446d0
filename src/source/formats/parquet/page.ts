import type { ColumnMetaData, DecodedArray, Encoding, PageHeader } from "hyparquet";
import { alpDecode } from "hyparquet/src/alp.js";
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { fixedStrings, type PageStrings, readStrings } from "./byte_strings.ts";
import { decompressPage } from "./decompress.ts";
import { damaged, notAvailable, type Place } from "./faults.ts";
import type { Node } from "./footer.ts";
import { HybridNumbers, HybridWindow, onlyNumber, readHybridBytes } from "./hybrid.ts";

/** Values as they were decoded. */
export type Values = DecodedArray | PageStrings;

/** One of them, undefined where there is none. */
export function valueAt(values: Values, index: number): unknown {
  return "starts" in values ? values.at(index) : values[index];
}

/** Entries of a leaf: values and NULLs with their levels. */
export interface Page {
  readonly count: number;
  /** Repetition levels; null: all are 0. */
  readonly rep: Uint8Array | null;
  /** Definition levels; null: every entry has a value. */
  readonly def: Uint8Array | null;
  /** Values in order; null: those of the dictionary at {@link Page.indices}. */
  readonly values: Values | null;
  readonly indices: HybridWindow | null;
}

/** Reads the values of a dictionary. */
export function readDictionary(
  bytes: Uint8Array,
  header: PageHeader,
  leaf: Node,
  chunk: ColumnMetaData,
  place: Place,
): Values {
  const { num_values: count, encoding } = header.dictionary_page_header!;
  if (encoding !== "PLAIN" && encoding !== "PLAIN_DICTIONARY") {
    throw notAvailable(place, `a dictionary with the encoding ${encoding}`);
  }
  const page = decompressPage(bytes, header.uncompressed_page_size, chunk.codec, place);
  checkCount(count, page.length, leaf);
  return plain(page, 0, count, leaf);
}

/** Reads a page of the first or second version. */
export function readDataPage(
  bytes: Uint8Array,
  header: PageHeader,
  leaf: Node,
  chunk: ColumnMetaData,
  place: Place,
): Page {
  const { data_page_header: first, data_page_header_v2: second } = header;
  const size = header.uncompressed_page_size;
  if (second !== undefined) {
    const { num_values: count, repetition_levels_byte_length: repBytes, encoding } = second;
    const levels = repBytes + second.definition_levels_byte_length;
    const isThere = repBytes >= 0 && levels >= repBytes && levels <= bytes.length && levels <= size;
    if (!isThere) throw damaged(place, "a page has no values");
    const rep = levelsOf(bytes, 0, repBytes, leaf.rep, count);
    const def = definitions(bytes, repBytes, levels, leaf.def, count);
    const rest = bytes.subarray(levels);
    const page = second.is_compressed === false
      ? rest
      : decompressPage(rest, size - levels, chunk.codec, place);
    return withValues(page, 0, encoding, { count, rep, def }, leaf, place);
  }
  if (first === undefined) throw damaged(place, "a page does not say what it holds");
  const page = decompressPage(bytes, size, chunk.codec, place);
  const { num_values: count, encoding } = first;
  let at = 0;
  function next(
    most: number,
    levelEncoding: Encoding,
    read: typeof levelsOf,
  ): Uint8Array | null {
    if (most === 0) return null;
    if (levelEncoding !== "RLE") throw notAvailable(place, `levels with ${levelEncoding}`);
    const length = new DataView(page.buffer, page.byteOffset, page.length).getUint32(at, true);
    const start = at + 4;
    at = start + length;
    return read(page, start, at, most, count);
  }
  const rep = next(leaf.rep, first.repetition_level_encoding, levelsOf);
  const def = next(leaf.def, first.definition_level_encoding, definitions);
  return withValues(page, at, encoding, { count, rep, def }, leaf, place);
}

function levelsOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  most: number,
  count: number,
): Uint8Array | null {
  if (most === 0) return null;
  if (end > bytes.length) throw new Error("levels are cut");
  const levels = new Uint8Array(count);
  const largest = readHybridBytes(bytes, start, end, widthOf(most), levels);
  if (largest > most) throw new Error(`a level of ${largest}, where the most is ${most}`);
  return levels;
}

/** Null where every entry has a value, which most pages say in one number. */
function definitions(
  bytes: Uint8Array,
  start: number,
  end: number,
  most: number,
  count: number,
): Uint8Array | null {
  if (most > 0 && end <= bytes.length) {
    if (onlyNumber(bytes, start, end, widthOf(most), count) === most) return null;
  }
  return levelsOf(bytes, start, end, most, count);
}

/** Bits of numbers up to `most`. */
function widthOf(most: number): number {
  return 32 - Math.clz32(most);
}

function withValues(
  page: Uint8Array,
  at: number,
  encoding: Encoding,
  { count, rep, def }: Pick<Page, "count" | "rep" | "def">,
  leaf: Node,
  place: Place,
): Page {
  const values = def === null ? count : countOf(def, leaf.def, 0, count);
  const levels = { count, rep, def: values === count ? null : def };
  if (values === 0) return { ...levels, values: [], indices: null };
  if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") {
    const numbers = new HybridNumbers(page, at + 1, page.length, page[at], values);
    return { ...levels, values: null, indices: new HybridWindow(numbers, values) };
  }
  const decoded = decode(page, at, encoding, values, leaf, place);
  return { ...levels, values: decoded, indices: null };
}

/** How many of the levels `from … to)` are this one. */
export function countOf(levels: Uint8Array, level: number, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (levels[at] === level) count++;
  return count;
}

function decode(
  page: Uint8Array,
  at: number,
  encoding: Encoding,
  count: number,
  leaf: Node,
  place: Place,
): Values {
  const { type, type_length: length } = leaf.element;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const reader = { view, offset: at };
  switch (encoding) {
    case "PLAIN":
      checkCount(count, page.length - at, leaf);
      return plain(page, at, count, leaf);
    case "RLE": {
      if (type !== "BOOLEAN") break;
      const values = new Uint8Array(count);
      readHybridBytes(page, at + 4, at + 4 + view.getUint32(at, true), 1, values);
      return values;
    }
    case "DELTA_BINARY_PACKED": {
      if (type !== "INT32" && type !== "INT64") break;
      const values = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
      deltaBinaryUnpack(reader, count, values);
      return values;
    }
    case "DELTA_LENGTH_BYTE_ARRAY": {
      const values: Uint8Array[] = [];
      deltaLengthByteArray(reader, count, values);
      return values;
    }
    case "DELTA_BYTE_ARRAY": {
      const values: Uint8Array[] = [];
      deltaByteArray(reader, count, values);
      return values;
    }
    case "BYTE_STREAM_SPLIT":
      checkCount(count, page.length - at, leaf);
      return byteStreamSplit(reader, count, type!, length);
    case "ALP":
      return alpDecode(reader, count, type!);
  }
  throw notAvailable(place, `the encoding ${encoding} for ${type}`);
}

function plain(page: Uint8Array, at: number, count: number, { element }: Node): Values {
  const { type, type_length: length } = element;
  if (type === "BYTE_ARRAY") return readStrings(page, at, count);
  if (type === "FIXED_LEN_BYTE_ARRAY" && length) return fixedStrings(page, at, count, length);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  return readPlain({ view, offset: at }, type!, count, length);
}

const BITS: Readonly<Record<string, number>> = {
  BOOLEAN: 1,
  INT32: 32,
  FLOAT: 32,
  INT64: 64,
  DOUBLE: 64,
  INT96: 96,
  // The length of each.
  BYTE_ARRAY: 32,
};

/** A count may be anything: the bytes must be there before room is made for it. */
function checkCount(count: number, bytes: number, { element }: Node): void {
  const bits = BITS[element.type!] ?? (element.type_length ?? 0) * 8;
  if (!(count >= 0) || Math.ceil(count * bits / 8) > bytes) {
    throw new Error(`${bytes} bytes are too few for ${count} values of ${element.type}`);
  }
}
