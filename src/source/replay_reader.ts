import { SluiceError } from "../core/error.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import type { CsvOptions } from "../spec/pipeline_spec.ts";
import { emptyBatch } from "./growing_batch.ts";
import type { RecordReader } from "./formats/format.ts";
import { openReader } from "./formats/mod.ts";

/**
 * Reads raw records that were kept one by one: each chunk is one record, without its line end.
 *
 * Each is read for itself, so that a quote left open in one cannot swallow the next. Record n starts
 * at "offset" n.
 *
 * @param lines the line of each record in the file that it came from
 */
export function openReplayReader(
  format: CsvOptions,
  header: readonly string[] | null,
  lines: readonly number[],
): RecordReader {
  let ordinal = 0;
  return {
    header,
    push(chunk) {
      const record = new Uint8Array(chunk.length + 1);
      record.set(chunk);
      record[chunk.length] = 10;
      const batch = readOne(record, { ...format, header: false, skipLines: 0, comment: null });
      const line = lines[ordinal];
      return numbered(batch, ordinal++, line, chunk, header);
    },
    finish: () => null,
  };
}

/** A batch of one record, or of a malformed one. */
function readOne(record: Uint8Array, format: CsvOptions): RecordBatch {
  const reader = openReader(format);
  try {
    return reader.push(record) ?? reader.finish() ?? emptyBatch();
  } catch (error) {
    // Of a file it would be the record that tells the width.
    if (!(error instanceof SluiceError) || error.code !== "source/malformed_header") throw error;
    return emptyBatch();
  }
}

function numbered(
  batch: RecordBatch,
  ordinal: number,
  line: number,
  raw: Uint8Array,
  header: readonly string[] | null,
): RecordBatch {
  batch.base = ordinal;
  const fields = header?.length ?? batch.width;
  const whole = batch.count === 1 && batch.malformed.length === 0 && batch.width === fields;
  if (whole) {
    batch.lines[0] = line;
    return batch;
  }
  const [first] = batch.malformed;
  const few = batch.width < fields;
  batch.bytes = raw.slice();
  batch.malformed = [{
    line,
    code: first?.code ?? (few ? "too_few_fields" : "too_many_fields"),
    message: first?.message ?? `The record has ${batch.width} fields, the header ${fields}`,
    byteOffset: ordinal,
    start: 0,
    end: raw.length,
  }];
  batch.count = 0;
  batch.width = fields;
  return batch;
}
