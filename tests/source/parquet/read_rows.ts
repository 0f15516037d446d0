import type { RandomInput } from "../../../src/source/random_input.ts";
import { openReader } from "../../../src/source/formats/mod.ts";
import type { ParquetOptions } from "../../../src/spec/formats/parquet.ts";

/** Options with nothing said. */
export const OPTIONS: ParquetOptions = {
  type: "parquet",
  nullValues: [],
  trim: false,
  maxRecordBytes: 1 << 24,
  encoding: "utf-8",
};

/** A file that `make_fixtures.py` has written. */
export const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  Deno.readFileSync(new URL(`${name}.parquet`, import.meta.url));

/** A file in memory that counts what is read of it. */
export function inMemory(
  bytes: Uint8Array,
  shown = "file.parquet",
): RandomInput & { readonly taken: number } {
  const file = {
    size: bytes.length,
    shown,
    taken: 0,
    read(start: number, end: number) {
      file.taken += end - start;
      return Promise.resolve(bytes.slice(start, end));
    },
    confirm: () => Promise.resolve(),
  };
  return file;
}

/** The rows of a file, as the JSON objects that rejects keep. */
export async function readRows(
  bytes: Uint8Array,
  wanted?: Parameters<typeof openReader>[1],
): Promise<string[]> {
  const reader = openReader(OPTIONS, wanted);
  const rows: string[] = [];
  for await (const batch of reader.batches!(inMemory(bytes))) {
    for (let r = 0; r < batch.count; r++) rows.push(new TextDecoder().decode(batch.raw!(r)));
  }
  return rows;
}
