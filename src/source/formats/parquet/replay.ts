import { MISSING, QUOTED, STRING } from "../../../core/field_flags.ts";
import { fieldOfKey } from "../../../core/json_path.ts";
import type { ParquetOptions } from "../../../spec/formats/parquet.ts";
import type { RecordReplay, Wanted } from "../format.ts";

/** Reads records that are JSON objects. */
export type ReplayObjects = (
  options: Omit<ParquetOptions, "type">,
  header: readonly string[] | null,
  wanted: Wanted,
) => RecordReplay;

/** Reads rows again that were kept as JSON objects. */
export function openParquetReplay(
  replayObjects: ReplayObjects,
  options: ParquetOptions,
  header: readonly string[] | null,
  { columns }: Wanted,
): RecordReplay {
  const names = header ?? columns.map(({ from }) => from);
  const wanted: Wanted = {
    columns: names.map((name) => ({ from: fieldOfKey(name), aliases: [] })),
    others: "count",
  };
  const lines = replayObjects(options, names, wanted);
  const needed = new Set(columns.flatMap(({ from, aliases }) => [from, ...aliases]));
  const ofEmpty = options.nullValues.includes("") ? 0 : QUOTED;
  return {
    header: names,
    read(raw) {
      const batch = lines.read(raw);
      if (batch.count === 0) return batch;
      const { flags, starts, ends } = batch;
      const lost = names.find((name, f) => (flags[f] & MISSING) !== 0 && needed.has(name));
      if (lost !== undefined) {
        // Only what had a column then was read.
        batch.count = 0;
        batch.malformed.push({
          line: 1,
          byteOffset: 0,
          code: "field_not_kept",
          message: `The field ${JSON.stringify(lost)} was not read when the row was rejected`,
          start: 0,
          end: raw.length,
        });
        return batch;
      }
      // A text is a text: what is in it may be JSON.
      for (let f = 0; f < names.length; f++) {
        if ((flags[f] & STRING) === 0) continue;
        flags[f] &= ~STRING;
        if (starts[f] === ends[f]) flags[f] |= ofEmpty;
      }
      return batch;
    },
  };
}
