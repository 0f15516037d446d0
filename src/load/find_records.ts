import type { Reject } from "../core/reject.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import type { RecordReader } from "../source/formats/format.ts";
import type { RowFile } from "./stage_rows.ts";

/**
 * Reads a source again to find the records that start at given byte offsets.
 *
 * Postgres finds duplicates long after their bytes have gone by; keeping every record until then
 * would cost more than reading the file twice in the rare case.
 *
 * @param offsets ascending
 */
export async function findRecords(
  files: AsyncIterable<RowFile>,
  open: (file: RowFile, base: number) => Promise<RecordReader>,
  offsets: Float64Array,
  found: (record: Pick<Reject, "line" | "byteOffset" | "raw">) => Promise<void>,
): Promise<number> {
  let at = 0;

  async function look(batch: RecordBatch | null): Promise<void> {
    if (batch === null) return;
    for (let record = 0; record < batch.count && at < offsets.length; record++) {
      const start = batch.recordStarts[record];
      if (batch.base + start !== offsets[at]) continue;
      at++;
      await found({
        line: batch.lines[record],
        byteOffset: batch.base + start,
        raw: batch.raw?.(record) ?? batch.bytes.slice(start, batch.recordEnds[record]),
      });
    }
  }

  let base = 0;
  for await (const file of files) {
    const reader = await open(file, base);
    if (reader.batches !== undefined) {
      const input = await file.whole();
      for await (const batch of reader.batches(input)) await look(batch);
      await input.confirm();
      base = reader.end ?? base;
      continue;
    }
    for await (const chunk of file.chunks) {
      base += chunk.length * (reader.about?.widens ?? 1);
      await look(reader.push(chunk));
    }
    await look(reader.finish());
  }
  return at;
}
