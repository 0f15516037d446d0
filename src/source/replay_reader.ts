import type { RecordBatch } from "../rows/record_batch.ts";
import type { CsvOptions } from "../spec/pipeline_spec.ts";
import type { RecordReader } from "./formats/format.ts";
import { openReader } from "./formats/mod.ts";

/**
 * Reads raw records that were kept one by one: each chunk is one record, without its line end.
 *
 * Each is read for itself, so that a quote left open in one cannot swallow the next. Record n starts
 * at "offset" n.
 */
export function openReplayReader(
  format: CsvOptions,
  header: readonly string[] | null,
): RecordReader {
  let ordinal = 0;
  return {
    header,
    push(chunk) {
      const reader = openReader({ ...format, header: false, skipLines: 0, comment: null });
      const record = new Uint8Array(chunk.length + 1);
      record.set(chunk);
      record[chunk.length] = 10;
      const batch = reader.push(record) ?? reader.finish();
      return batch === null ? null : numbered(batch, ordinal++, chunk, header);
    },
    finish: () => null,
  };
}

function numbered(
  batch: RecordBatch,
  ordinal: number,
  raw: Uint8Array,
  header: readonly string[] | null,
): RecordBatch {
  batch.base = ordinal;
  const fields = header?.length ?? batch.width;
  const whole = batch.count === 1 && batch.malformed.length === 0 && batch.width === fields;
  if (whole) return batch;
  const [first] = batch.malformed;
  const few = batch.width < fields;
  batch.bytes = raw.slice();
  batch.malformed = [{
    line: 1,
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
