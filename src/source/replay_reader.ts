import type { FormatOptions } from "../spec/formats/mod.ts";
import type { RecordReader, Wanted } from "./formats/format.ts";
import { openReplay } from "./formats/mod.ts";

/**
 * Reads raw records that were kept one by one: each chunk is one record, without its line end.
 *
 * Each is read for itself, so that a quote left open in one cannot swallow the next. Record n starts
 * at "offset" n.
 *
 * @param lines the line of each record in the file that it came from
 * @param first the number of the first record that is read
 */
export function openReplayReader(
  format: FormatOptions,
  header: readonly string[] | null,
  lines: readonly number[],
  wanted: Wanted,
  first = 0,
): RecordReader {
  const replay = openReplay(format, header, wanted);
  let ordinal = first;
  return {
    header: replay.header,
    about: { isPart: true },
    push(raw) {
      const batch = replay.read(raw);
      const line = lines[ordinal];
      batch.base = ordinal;
      batch.lines[0] = line;
      batch.malformed = batch.malformed.map((each) => ({ ...each, line, byteOffset: ordinal }));
      ordinal++;
      return batch;
    },
    finish: () => null,
  };
}
