/** Addresses of a batch's arrays, which rows/record_batch.ts describes. */
export let bytes: usize = 0;
export let starts: usize = 0;
export let ends: usize = 0;
export let flags: usize = 0;
export let recordStarts: usize = 0;
export let recordEnds: usize = 0;
export let lines: usize = 0;

export function setBatch(
  atBytes: usize,
  atStarts: usize,
  atEnds: usize,
  atFlags: usize,
  atRecordStarts: usize,
  atRecordEnds: usize,
  atLines: usize,
): void {
  bytes = atBytes;
  starts = atStarts;
  ends = atEnds;
  flags = atFlags;
  recordStarts = atRecordStarts;
  recordEnds = atRecordEnds;
  lines = atLines;
}
