import { SluiceError } from "../../core/error.ts";
import type { CodecName, Compression } from "../../core/codecs.ts";
import { ByteInput } from "../byte_input.ts";
import { HEAD_BYTES, refuseDocument } from "../recognise.ts";
import { type Archive, beginsWith, type Codec, type Member } from "./codec.ts";
import { bzip2 } from "./bzip2.ts";
import { gzip } from "./gzip.ts";
import { xz } from "./xz.ts";
import { zip } from "./zip.ts";
import { zstd } from "./zstd.ts";

/** Every codec, by the word that pipeline files have for it. */
const BY_NAME: Readonly<Record<CodecName, Codec | Archive>> = { gzip, zstd, bzip2, xz, zip };

/** Every codec. */
export const CODECS: readonly (Codec | Archive)[] = Object.values(BY_NAME);

const LONGEST_MAGIC = Math.max(...CODECS.flatMap(({ magic }) => magic.map(({ length }) => length)));

/** Where what comes out is taken for a bomb: so many bytes, and so many times what went in. */
const BOMB = { bytes: 1 << 30, ratio: 1000 };

/** How a pipeline file says that its files are compressed. */
export interface Packing {
  readonly compression: Compression;
  /** The pattern of the files that are read of an archive; left out: its only one. */
  readonly members?: string;
}

/**
 * Decompresses stored bytes as the pipeline says, or as their first bytes show.
 *
 * @param contentEncoding what HTTP says: servers mean either the file's own compression or one that
 * they put around it, so both readings are understood
 * @param keeps whether an archive is a document, by its first bytes, and its files are not looked for
 */
export async function* decompress(
  stored: AsyncIterable<Uint8Array>,
  { compression, members }: Packing,
  contentEncoding: string | null,
  shown: string,
  bomb = BOMB,
  keeps: (head: Uint8Array) => boolean = () => false,
): AsyncGenerator<Member, void, undefined> {
  const file = new ByteInput(stored);
  let input = file;
  let bytes = 0;
  async function* bounded(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > bomb.bytes && bytes > file.position * bomb.ratio) {
        throw bombError(shown, bytes, file.position, bomb.ratio);
      }
      yield chunk;
    }
  }
  try {
    let wanted: string = compression;
    if (contentEncoding !== null && contentEncoding !== "identity") {
      const encoding = contentEncoding.trim().toLowerCase().replace(/^x-gzip$/, "gzip");
      input = new ByteInput(encodingNamed(encoding, shown).decode(input, shown));
      // The encoding may have been the file's own, which is gone then.
      if (wanted === encoding) wanted = "auto";
    }
    const isDocument = wanted === "auto" && members === undefined &&
      keeps(await input.peek(HEAD_BYTES));
    const codec = isDocument ? null : await codecOf(input, wanted, shown);
    if (codec !== null && "members" in codec) {
      for await (const { name, chunks } of codec.members(input, shown, members ?? null)) {
        yield { name, chunks: bounded(chunks) };
      }
      return;
    }
    if (members !== undefined) throw noArchive(shown, members);
    yield { name: null, chunks: bounded(codec?.decode(input, shown) ?? input.rest()) };
  } finally {
    await input.close();
  }
}

function bombError(shown: string, bytes: number, stored: number, ratio: number): SluiceError {
  return new SluiceError(
    "source/compression_bomb",
    `"${shown}" comes to more than ${bytes} bytes from ${stored}: more than ${ratio} times as many`,
    {
      details: { stored_bytes: stored, bytes },
      hint:
        "It may be made to fill memory; if the file is right, decompress it and load the result",
    },
  );
}

/** What the file is compressed with; null: it is not. */
async function codecOf(
  input: ByteInput,
  wanted: string,
  shown: string,
): Promise<Codec | Archive | null> {
  if (wanted === "none") return null;
  const start = await input.peek(LONGEST_MAGIC);
  const found = CODECS.find(({ magic }) => magic.some((each) => beginsWith(start, each))) ?? null;
  if (found?.name === "zip") refuseDocument(await input.peek(HEAD_BYTES), shown);
  // An empty file is empty, whatever it is called.
  if (wanted === "auto" || start.length === 0) return found;
  if (found?.name === wanted) return found;
  const is = found === null ? "not compressed in a known way" : `${found.name} data`;
  throw new SluiceError(
    "source/wrong_compression",
    `"${shown}" is not ${wanted} data: it is ${is}`,
    { hint: "Use `compression: auto`, or check what the address really delivers" },
  );
}

function noArchive(shown: string, members: string): SluiceError {
  return new SluiceError(
    "source/wrong_compression",
    `"${shown}" is no archive, and \`members: ${members}\` names files of one`,
    { hint: "Leave `members` out, or check what the address really delivers" },
  );
}

function encodingNamed(name: string, shown: string): Codec {
  const codec = CODECS.find((each) => each.name === name);
  if (codec !== undefined && "decode" in codec) return codec;
  throw new SluiceError(
    "source/compression_not_available",
    `"${shown}" is compressed with ${name}, which is not available yet`,
    { hint: `Decompress the file, or use one of: ${CODECS.map((each) => each.name).join(", ")}` },
  );
}
