import type { SluiceError } from "../../core/error.ts";
import type { ByteInput } from "../byte_input.ts";
import { corrupt, truncated } from "./damage.ts";

export const LOCAL_HEADER = 0x04034b50;
export const DATA_DESCRIPTOR = 0x08074b50;
export const DIRECTORY_ENTRY = 0x02014b50;
export const DIRECTORY_END = 0x06054b50;
export const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;

/** Stands in place of a length or an offset that has its place in the extra field. */
const IN_EXTRA = 0xffffffff;
const ZIP64_EXTRA = 0x0001;

/** What stands in front of a member's data. */
export interface LocalHeader {
  readonly name: string;
  /** 0: stored, 8: Deflate. */
  readonly method: number;
  readonly encrypted: boolean;
  /** Lengths and checksum stand behind the data. */
  readonly described: boolean;
  readonly crc: number;
  /** Null where it is not known yet. */
  readonly packed: number | null;
  readonly size: number | null;
}

/** A member that was passed, as its header and its data have it. */
export interface Walked {
  readonly name: string;
  /** Where its header begins. */
  readonly at: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

/** Reads a header and leaves the input at the data. */
export async function readLocalHeader(input: ByteInput, shown: string): Promise<LocalHeader> {
  const start = input.position;
  const head = view(await need(input, 30, shown));
  if (head.getUint16(26, true) === 0) {
    throw corrupt(
      shown,
      `there is no valid zip header at byte ${start}: a file has no name`,
      start,
    );
  }
  const flags = head.getUint16(6, true);
  const nameBytes = await need(input, head.getUint16(26, true), shown);
  const extra = await need(input, head.getUint16(28, true), shown);
  const described = (flags & 8) !== 0;
  const [size, packed] = widened(extra, [head.getUint32(22, true), head.getUint32(18, true)]);
  const isKnown = !described || packed !== 0;
  return {
    name: nameOf(nameBytes),
    method: head.getUint16(8, true),
    encrypted: (flags & 0x41) !== 0,
    described,
    crc: head.getUint32(14, true),
    packed: isKnown ? packed : null,
    size: isKnown ? size : null,
  };
}

/** Reads the directory and the end of the archive, and compares them with what was walked. */
export async function readDirectory(
  input: ByteInput,
  shown: string,
  walked: readonly Walked[],
): Promise<void> {
  const start = input.position;
  const wrong = (what: string): SluiceError =>
    corrupt(shown, `${what} in the directory of the archive`, start);
  const known = new Map(walked.map((member) => [member.at, member]));
  let entries = 0;
  for (;;) {
    const signature = word(await input.peek(4));
    if (signature !== DIRECTORY_ENTRY) break;
    const head = view(await need(input, 46, shown));
    const name = nameOf(await need(input, head.getUint16(28, true), shown));
    const extra = await need(input, head.getUint16(30, true), shown);
    await need(input, head.getUint16(32, true), shown);
    const [size, packed, at] = widened(extra, [
      head.getUint32(24, true),
      head.getUint32(20, true),
      head.getUint32(42, true),
    ]);
    const member = known.get(at);
    if (member === undefined) throw wrong(`${JSON.stringify(name)} is not where it should be`);
    if (
      member.name !== name || member.crc >>> 0 !== head.getUint32(16, true) ||
      member.size !== size || member.packed !== packed
    ) throw wrong(`${JSON.stringify(name)} has another name, length or checksum`);
    entries++;
  }
  if (entries !== walked.length) {
    throw wrong(`${walked.length} files are in the archive, and ${entries}`);
  }
  if (word(await input.peek(4)) === ZIP64_END) {
    const head = view(await need(input, 12, shown));
    const length = head.getBigUint64(4, true);
    if (length > 0xffffn) throw wrong("No end is found");
    await need(input, Number(length), shown);
    if (word(await need(input, 20, shown)) !== ZIP64_LOCATOR) throw wrong("No end is found");
  }
  const end = view(await need(input, 22, shown));
  if (end.getUint32(0, true) !== DIRECTORY_END) throw wrong("No end is found");
  const total = end.getUint16(10, true);
  if (total !== 0xffff && total !== entries % 65536) throw wrong("Another number of files stands");
  await need(input, end.getUint16(20, true), shown);
}

/** Values with those in place that the extra field has, in the order of the values. */
function widened(extra: Uint8Array, values: readonly number[]): number[] {
  const fields = view(extra);
  let wide: DataView | null = null;
  for (let at = 0; at + 4 <= extra.length;) {
    const size = fields.getUint16(at + 2, true);
    if (fields.getUint16(at, true) === ZIP64_EXTRA) {
      wide = view(extra.subarray(at + 4, at + 4 + size));
    }
    at += 4 + size;
  }
  let used = 0;
  return values.map((value) => {
    if (value !== IN_EXTRA || wide === null || used + 8 > wide.byteLength) return value;
    used += 8;
    return Number(wide.getBigUint64(used - 8, true));
  });
}

/** A name as UTF-8, also where the flag for it is missing; else byte by byte. */
function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

async function need(input: ByteInput, count: number, shown: string): Promise<Uint8Array> {
  if (count === 0) return new Uint8Array(0);
  const bytes = await input.take(count);
  if (bytes === null) throw truncated(input, shown);
  return bytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function word(bytes: Uint8Array): number | null {
  return bytes.length < 4 ? null : view(bytes).getUint32(0, true);
}
