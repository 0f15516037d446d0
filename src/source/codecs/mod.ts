import { SluiceError } from "../../core/error.ts";
import type { CodecName, Compression } from "../../core/codecs.ts";
import { ByteInput } from "../byte_input.ts";
import { HEAD_BYTES, refuseDocument } from "../recognise.ts";
import { beginsWith, type Codec } from "./codec.ts";
import { bzip2 } from "./bzip2.ts";
import { gzip } from "./gzip.ts";
import { xz } from "./xz.ts";
import { zip } from "./zip.ts";
import { zstd } from "./zstd.ts";

/** Every codec, by the word that pipeline files have for it. */
const BY_NAME: Readonly<Record<CodecName, Codec>> = { gzip, zstd, bzip2, xz, zip };

/** Every codec. */
export const CODECS: readonly Codec[] = Object.values(BY_NAME);

const LONGEST_MAGIC = Math.max(...CODECS.flatMap(({ magic }) => magic.map(({ length }) => length)));

/** Where what comes out is taken for a bomb: so many bytes, and so many times what went in. */
const BOMB = { bytes: 1 << 30, ratio: 1000 };

/**
 * Decompresses stored bytes as the pipeline says, or as their first bytes show.
 *
 * @param contentEncoding what HTTP says: servers mean either the file's own compression or one that
 * they put around it, so both readings are understood
 */
export async function* decompress(
  stored: AsyncIterable<Uint8Array>,
  compression: Compression,
  contentEncoding: string | null,
  shown: string,
  bomb = BOMB,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = new ByteInput(stored);
  let input = file;
  try {
    let wanted: string = compression;
    if (contentEncoding !== null && contentEncoding !== "identity") {
      const encoding = contentEncoding.trim().toLowerCase().replace(/^x-gzip$/, "gzip");
      input = new ByteInput(codecNamed(encoding, shown)(input, shown));
      // The encoding may have been the file's own, which is gone then.
      if (wanted === encoding) wanted = "auto";
    }
    let bytes = 0;
    for await (const chunk of await layer(input, wanted, shown)) {
      bytes += chunk.length;
      if (bytes > bomb.bytes && bytes > file.position * bomb.ratio) {
        throw bombError(shown, bytes, file.position, bomb.ratio);
      }
      yield chunk;
    }
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

async function layer(
  input: ByteInput,
  wanted: string,
  shown: string,
): Promise<AsyncGenerator<Uint8Array>> {
  if (wanted === "none") return input.rest();
  const start = await input.peek(LONGEST_MAGIC);
  const found = CODECS.find(({ magic }) => magic.some((each) => beginsWith(start, each)));
  if (found?.name === "zip") refuseDocument(await input.peek(HEAD_BYTES), shown);
  if (wanted === "auto") {
    return found === undefined ? input.rest() : codecNamed(found.name, shown)(input, shown);
  }
  // An empty file is empty, whatever it is called.
  if (start.length === 0) return input.rest();
  if (found?.name !== wanted) {
    const is = found === undefined ? "not compressed in a known way" : `${found.name} data`;
    throw new SluiceError(
      "source/wrong_compression",
      `"${shown}" is not ${wanted} data: it is ${is}`,
      {
        hint: "Use `compression: auto`, or check what the address really delivers",
      },
    );
  }
  return codecNamed(wanted, shown)(input, shown);
}

function codecNamed(name: string, shown: string): Codec["decode"] {
  const codec = CODECS.find((each) => each.name === name);
  if (codec !== undefined) return codec.decode;
  throw new SluiceError(
    "source/compression_not_available",
    `"${shown}" is compressed with ${name}, which is not available yet`,
    { hint: `Decompress the file, or use one of: ${CODECS.map((each) => each.name).join(", ")}` },
  );
}
