import { ByteWriter, parquetWrite } from "packages/hyparquet-writer.ts";

/** How large a file of numbers is. */
export interface NumbersFile {
  readonly columns: number;
  readonly rows: number;
  readonly rowGroupSize: number;
  /** Bytes of a page; left out: as the writer has it. */
  readonly pageSize?: number;
}

/** A file whose values all tell which version it is: `row * 8 + version`, in columns c0, c1 … */
export function numbersFile(
  version: number,
  { columns, rows, ...size }: NumbersFile,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  const data = Array.from({ length: rows }, (_, row) => row * 8 + version);
  parquetWrite({
    writer,
    codec: "UNCOMPRESSED",
    columnData: Array.from({ length: columns }, (_, c) => ({
      name: `c${c}`,
      data,
      type: "INT32" as const,
      encoding: "PLAIN" as const,
    })),
    ...size,
  });
  return new Uint8Array(writer.getBuffer());
}
