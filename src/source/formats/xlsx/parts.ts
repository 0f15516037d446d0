import { SluiceError } from "../../../core/error.ts";
import { ByteInput } from "../../byte_input.ts";
import { zipMembers } from "../../codecs/zip.ts";
import type { RandomInput } from "../../random_input.ts";
import { CFB } from "../../recognise.ts";
import { notAvailable, tooLarge } from "./faults.ts";

const BLOCK_BYTES = 1 << 20;
/** Bytes of a part that is held: styles, names. */
const MOST_HELD = 1 << 25;
/** A part is a bomb that comes to so much, and is so many times what it takes in the file. */
const BOMB = { bytes: 1 << 30, ratio: 500 };

/** The parts of a workbook that are wanted, in the order in which they stand in it. */
export async function* partsOf(
  file: RandomInput,
  wanted: (name: string) => boolean,
): AsyncGenerator<{ readonly name: string; readonly chunks: AsyncIterable<Uint8Array> }> {
  const input = new ByteInput(blocksOf(file));
  for await (const { name, chunks } of zipMembers(input, file.shown, (each) => wanted(each))) {
    yield { name, chunks: bounded(chunks, file, name) };
  }
}

/**
 * A part, held.
 *
 * @throws SluiceError `source/xlsx_too_large`
 */
export async function hold(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  shown: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MOST_HELD) {
      throw tooLarge(shown, `more than ${MOST_HELD} bytes in its part ${name}`);
    }
    parts.push(chunk.slice());
  }
  return concat(parts);
}

/** @throws SluiceError `source/compression_bomb` where a part grows out of all proportion */
async function* bounded(chunks: AsyncIterable<Uint8Array>, file: RandomInput, name: string) {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > BOMB.bytes && bytes > file.size * BOMB.ratio) {
      throw new SluiceError(
        "source/compression_bomb",
        `${name} of "${file.shown}" comes to more than ${bytes} bytes, and the file has ${file.size}`,
        {
          details: { stored_bytes: file.size, bytes },
          hint: "It may be made to fill memory; if the file is right, save the sheet as CSV",
        },
      );
    }
    yield chunk;
  }
}

async function* blocksOf(file: RandomInput): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < file.size; at += BLOCK_BYTES) {
    yield await file.read(at, Math.min(file.size, at + BLOCK_BYTES));
  }
}

/**
 * Tells what is no workbook of this kind.
 *
 * @throws SluiceError `source/xlsx_not_available` for an encrypted one and one of the old kind
 */
export async function refuseOldKind(file: RandomInput): Promise<void> {
  const head = await file.read(0, Math.min(file.size, 512));
  if (!CFB.every((byte, at) => head[at] === byte)) return;
  if (await isEncrypted(file, head)) {
    throw notAvailable(
      file.shown,
      "encrypted: it opens with a password only",
      "Save it without a password (File, Info, Protect Workbook), and load that file",
    );
  }
  throw notAvailable(
    file.shown,
    "an Excel workbook of the old kind (.xls)",
    "Save it as .xlsx, or the sheet as CSV UTF-8, and name that file in `source.url`",
  );
}

/** Whether the directory of a compound file names what is encrypted. */
async function isEncrypted(file: RandomInput, head: Uint8Array): Promise<boolean> {
  if (head.length < 512) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const sector = 1 << Math.min(16, view.getUint16(30, true));
  const start = (view.getUint32(48, true) + 1) * sector;
  if (start >= file.size) return false;
  const directory = await file.read(start, Math.min(file.size, start + Math.max(sector, 4096)));
  return new TextDecoder("utf-16le").decode(directory).includes("EncryptedPackage");
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
