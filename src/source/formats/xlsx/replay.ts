import type { XlsxOptions } from "../../../spec/formats/xlsx.ts";
import type { RecordReplay, Wanted } from "../format.ts";
import { neededFields } from "./needed.ts";
import { type CellFault, RowBatch, type Value } from "./row_batch.ts";

type Kept = null | string | CellFault;

/** Reads rows again that were kept as JSON lists of texts. */
export function replayXlsx(
  options: XlsxOptions,
  header: readonly string[] | null,
  wanted: Wanted,
): RecordReplay {
  return {
    header,
    read(raw) {
      const rows = new RowBatch(options, "", 0, false);
      const kept = parse(raw);
      rows.batch.width = header?.length ?? kept?.length ?? 0;
      rows.start();
      const { isNeeded } = neededFields(wanted, header);
      if (kept !== null) rows.add(0, kept.map((each) => valueOf(each, options)), isNeeded);
      const { batch } = rows;
      // The place is that of the file, which is not here.
      batch.malformed = batch.malformed.map((each) => ({
        ...each,
        message: each.message.replace(/ \(sheet .*$/, ""),
      }));
      delete batch.place;
      if (kept !== null) return batch;
      batch.bytes = raw.slice();
      batch.malformed = [{
        line: 1,
        byteOffset: 0,
        code: "record_too_long",
        message: "Only the beginning of the record was kept",
        start: 0,
        end: raw.length,
      }];
      return batch;
    },
  };
}

function parse(raw: Uint8Array): Kept[] | null {
  try {
    return JSON.parse(new TextDecoder().decode(raw)) as Kept[];
  } catch {
    return null;
  }
}

function valueOf(kept: Kept, options: XlsxOptions): Value {
  if (kept === null) return null;
  if (typeof kept === "string") return { text: kept, isText: true };
  if ("error" in kept) {
    return options.nullValues.includes(kept.error) ? { text: kept.error, isText: true } : kept;
  }
  if (!("merged" in kept) || options.mergedCells === "reject") return kept;
  if (options.mergedCells === "empty" || kept.value === null) return null;
  return { text: kept.value, isText: true };
}
