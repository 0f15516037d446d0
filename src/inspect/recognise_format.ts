import { SluiceError } from "../core/error.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import { openReader, traitsOf } from "../source/formats/mod.ts";
import { isParquet, isWorkbook, refuseOthers } from "../source/recognise.ts";
import { buildFormat, type FormatOptions, formatSchema } from "../spec/formats/mod.ts";
import { findJsonList } from "./json_list.ts";
import { type CsvDialect, recogniseCsv } from "./recognise_csv.ts";

/** `source.format` as a pipeline file has it: only what differs from what is left out. */
export type FormatKeys =
  & {
    readonly type: FormatOptions["type"];
    readonly path?: string;
    readonly null_values?: readonly string[];
  }
  & CsvDialect;

/** Decompressed bytes that show the format. */
export const HEAD_BYTES = 1 << 18;

/**
 * What the first {@link HEAD_BYTES} of a file, or all of it, show it to be.
 *
 * @throws SluiceError `source/other_format`, `source/wrong_encoding`, `source/empty_file`
 */
export function recogniseFormat(head: Uint8Array, shown: string): FormatKeys {
  const text = new TextDecoder().decode(head);
  const origin = { shown, contentType: null };
  if (isParquet(head)) return { type: "parquet" };
  if (isWorkbook(head)) return { type: "xlsx" };
  const path = /^\uFEFF?\s*(?:\[\s*\{|\{\s*")/.test(text) ? findJsonList(text) : null;
  // One object alone, with a list of others in it, is a document rather than a file of one record.
  if (isJsonLines(text) && (path === null || text.trim().includes("\n"))) {
    refuseOthers(head, traitsOf(buildFormat("ndjson")), origin);
    return { type: "ndjson" };
  }
  if (path !== null) {
    refuseOthers(head, traitsOf(buildFormat("json")), origin);
    return { type: "json", ...(path === "$" ? {} : { path }) };
  }
  // A line for Excel is no reason to refuse a file: it says what the delimiter is.
  const probe: FormatKeys = /^sep=.\r?\n/i.test(text)
    ? { type: "csv", skip_lines: 1 }
    : { type: "csv" };
  refuseOthers(head, traitsOf(buildKeys(probe)), origin);
  if (text.trim() === "") throw emptyFile();
  const dialect = recogniseCsv(text, (dialect) => countRecords(head, { type: "csv", ...dialect }));
  return { type: "csv", ...dialect };
}

/** The error of a file without a record. */
export function emptyFile(): SluiceError {
  return new SluiceError("source/empty_file", "The file is empty", {
    hint: "Name a file that has records: its columns are taken from them",
  });
}

function isJsonLines(text: string): boolean {
  const lines = text.split("\n", 3).map((line) => line.trim()).filter((line) => line !== "");
  const [first] = lines;
  if (first === undefined || !/^\{\s*["}]/.test(first)) return false;
  // One line of more than the head has no end here.
  return first.endsWith("}") || lines.length === 1 && !text.includes("\n");
}

/** What a dialect makes of the start of a file, whose last record is cut off. */
function countRecords(head: Uint8Array, format: FormatKeys): { good: number; bad: number } {
  const reader = openReader(buildKeys(format));
  try {
    let good = 0;
    let bad = 0;
    const count = (batch: RecordBatch | null) => {
      good += batch?.count ?? 0;
      bad += batch?.malformed.length ?? 0;
    };
    count(reader.push(head));
    if (head.length < HEAD_BYTES) count(reader.finish());
    return { good, bad };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { good: 0, bad: Infinity };
  }
}

/** The options of a format of which the rest is left out. */
export function buildKeys(keys: FormatKeys): FormatOptions {
  return buildFormat(formatSchema.parse(keys));
}

/** Whether a file of it is read in any order. */
export function isRandom({ type }: FormatKeys): boolean {
  return /^(parquet|xlsx)$/.test(type);
}
