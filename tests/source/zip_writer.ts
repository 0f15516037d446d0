import { crc32, deflateRawSync } from "node:zlib";
import { bytesOf, concat } from "./support.ts";

/** A file of an archive, and how it is written. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** 8, Deflate, when left out; 0 stores. */
  readonly method?: number;
  /** Lengths and checksum stand behind the data, with a signature or without, wide or not. */
  readonly behind?: "signed" | "bare" | "wide";
  /** Lengths stand in the extra field, as those of large files do. */
  readonly zip64?: boolean;
  readonly encrypted?: boolean;
  /** What the header says of the checksum, in place of the truth. */
  readonly crc?: number;
  /** What the directory says of the name, in place of the truth. */
  readonly listedAs?: string;
}

/** A zip archive, as the many programs that write them write one. */
export function zipOf(files: readonly ZipFile[], comment = ""): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const file of files) {
    const { bytes, method = 8, behind, zip64 = false, encrypted = false } = file;
    const name = bytesOf(file.name);
    const packed = method === 8 ? new Uint8Array(deflateRawSync(bytes)) : bytes;
    const crc = file.crc ?? crc32(bytes) >>> 0;
    const flags = (behind === undefined ? 0 : 8) | (encrypted ? 1 : 0) | 0x800;
    const start = at;
    const known = behind === undefined;
    const extra = zip64 && known
      ? numbers([1, 2], [16, 2], [bytes.length, 8], [packed.length, 8])
      : NONE;
    const length = (value: number) => !known ? 0 : zip64 ? 0xffffffff : value;
    put(numbers([0x04034b50, 4], [45, 2], [flags, 2], [method, 2], [0, 4], [known ? crc : 0, 4]));
    put(numbers([length(packed.length), 4], [length(bytes.length), 4]));
    put(numbers([name.length, 2], [extra.length, 2]));
    put(concat([name, extra, packed]));
    if (behind !== undefined) {
      const width = behind === "wide" ? 8 : 4;
      if (behind !== "bare") put(numbers([0x08074b50, 4]));
      put(numbers([crc, 4], [packed.length, width], [bytes.length, width]));
    }
    const listed = bytesOf(file.listedAs ?? file.name);
    const wide = zip64 ? numbers([1, 2], [16, 2], [bytes.length, 8], [packed.length, 8]) : NONE;
    directory.push(
      numbers([0x02014b50, 4], [45, 2], [45, 2], [flags, 2], [method, 2], [0, 4], [crc, 4]),
      numbers([zip64 ? 0xffffffff : packed.length, 4], [zip64 ? 0xffffffff : bytes.length, 4]),
      numbers([listed.length, 2], [wide.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [start, 4]),
      listed,
      wide,
    );
  }
  const list = concat(directory);
  const start = at;
  put(list);
  if (files.some(({ zip64 }) => zip64)) {
    const end = at;
    put(numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4]));
    put(numbers([files.length, 8], [files.length, 8], [list.length, 8], [start, 8]));
    put(numbers([0x07064b50, 4], [0, 4], [end, 8], [1, 4]));
  }
  put(numbers([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2]));
  put(numbers([list.length, 4], [start, 4], [comment.length, 2]));
  put(bytesOf(comment));
  return concat(parts);
}

const NONE = new Uint8Array(0);

/** Little-endian numbers, each with its width in bytes. */
function numbers(...fields: readonly (readonly [value: number, width: number])[]): Uint8Array {
  return concat(fields.map(([value, width]) => {
    const bytes = new Uint8Array(width);
    for (let at = 0; at < width; at++) bytes[at] = Math.floor(value / 2 ** (8 * at)) % 256;
    return bytes;
  }));
}
