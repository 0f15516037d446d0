import { SluiceError } from "../../../core/error.ts";
import type { RecordBatch } from "../../../rows/record_batch.ts";
import type { CsvOptions } from "../../../spec/formats/csv.ts";
import { emptyBatch } from "../../growing_batch.ts";
import type { RecordReader, RecordReplay } from "../format.ts";

/** Reads records each for itself, so that a quote left open in one cannot swallow the next. */
export function replayCsv(
  format: CsvOptions,
  header: readonly string[] | null,
  open: (options: CsvOptions) => RecordReader,
): RecordReplay {
  const fits = format.padShortRecords || format.dropEmptySurplus;
  const options: CsvOptions = {
    ...format,
    header: false,
    skipLines: 0,
    comment: null,
    // What belongs to a place in the file does not touch a record of its own.
    skipAfterHeader: 0,
    skipRepeatedHeaders: false,
    skipFooter: 0,
    endPattern: null,
    unnamedFields: null,
    fields: format.fields ?? (fits ? header?.length : null) ?? null,
  };
  return {
    header,
    read(raw) {
      const record = new Uint8Array(raw.length + 1);
      record.set(raw);
      record[raw.length] = 10;
      return asOne(readOne(record, open(options)), raw, header);
    },
  };
}

/** A batch of one record, or of a malformed one. */
function readOne(record: Uint8Array, reader: RecordReader): RecordBatch {
  try {
    return reader.push(record) ?? reader.finish() ?? emptyBatch(nothing);
  } catch (error) {
    // Of a file it would be the record that tells the width.
    if (!(error instanceof SluiceError) || error.code !== "source/malformed_header") throw error;
    return emptyBatch(nothing);
  }
}

function nothing(): number {
  return 0;
}

function asOne(
  batch: RecordBatch,
  raw: Uint8Array,
  header: readonly string[] | null,
): RecordBatch {
  const fields = header?.length ?? batch.width;
  if (batch.count === 1 && batch.malformed.length === 0 && batch.width === fields) return batch;
  const [first] = batch.malformed;
  const few = batch.width < fields;
  batch.bytes = raw.slice();
  batch.malformed = [{
    line: 1,
    code: first?.code ?? (few ? "too_few_fields" : "too_many_fields"),
    message: first?.message ?? `The record has ${batch.width} fields, the header ${fields}`,
    byteOffset: 0,
    start: 0,
    end: raw.length,
  }];
  batch.count = 0;
  batch.width = fields;
  return batch;
}
