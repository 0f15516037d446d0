import { crc32 } from "node:zlib";
import { SluiceError } from "../../core/error.ts";
import type { ByteInput } from "../byte_input.ts";
import { coalesce } from "../coalesce.ts";
import { matcher } from "../glob.ts";
import type { Archive, Member } from "./codec.ts";
import { corrupt, junkBehind, truncated } from "./damage.ts";
import { inflate } from "./inflate.ts";
import {
  DATA_DESCRIPTOR,
  DIRECTORY_END,
  DIRECTORY_ENTRY,
  LOCAL_HEADER,
  type LocalHeader,
  readDirectory,
  readLocalHeader,
  type Walked,
  ZIP64_END,
} from "./zip_headers.ts";

const MIN_CHUNK_BYTES = 256 * 1024;

/** What systems put into archives beside what people put there. */
const CLUTTER = /^__MACOSX\/|(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/i;

/** zip: stored files, and those with Deflate. */
export const zip: Archive = {
  name: "zip",
  // A member, or the end of an empty archive.
  magic: [[0x50, 0x4b, 0x03, 0x04], [0x50, 0x4b, 0x05, 0x06]],
  members,
};

async function* members(
  input: ByteInput,
  shown: string,
  pattern: string | null,
): AsyncGenerator<Member> {
  let first: string | null = null;
  const others: string[] = [];
  const matches = pattern === null ? () => true : await matcher(pattern);
  const wanted = (name: string) => {
    const isWanted = matches(name);
    if (!isWanted && others.length < 5) others.push(JSON.stringify(name));
    return isWanted;
  };
  for await (const member of zipMembers(input, shown, wanted)) {
    if (first !== null && pattern === null) {
      const names = `${JSON.stringify(first)} and ${JSON.stringify(member.name)}`;
      throw new SluiceError("source/several_files", `"${shown}" holds several files: ${names}`, {
        hint: 'Say which are loaded, such as `members: "*.csv"`',
      });
    }
    first ??= member.name;
    yield member;
  }
  if (first !== null) return;
  if (others.length === 0) {
    throw new SluiceError("source/empty_archive", `"${shown}" is a zip archive without a file`, {
      hint: "Check what the address really delivers",
    });
  }
  throw new SluiceError("source/no_member", `No file in "${shown}" matches "${pattern}"`, {
    hint: `It holds ${
      others.join(", ")
    }: \`*\` stands for a part of a name, \`**/*\` for all folders`,
  });
}

/**
 * The files of a zip archive in the order they stand in it, read from the front, in bounded memory.
 *
 * Sizes and checksums of each are those of its data, of its own header, and of the directory at the
 * end; where they differ, the archive is damaged.
 *
 * @param wanted whether a file is read; others are passed over
 */
export async function* zipMembers(
  input: ByteInput,
  shown: string,
  wanted: (name: string) => boolean,
): AsyncGenerator<Member & { readonly name: string }, void, undefined> {
  const walked: Walked[] = [];
  try {
    for (;;) {
      const at = input.position;
      const signature = await input.peek(4);
      const word = uint(signature);
      if (signature.length < 4) throw truncated(input, shown);
      if (word === DIRECTORY_ENTRY || word === DIRECTORY_END || word === ZIP64_END) break;
      if (word !== LOCAL_HEADER) {
        throw corrupt(shown, `there is no valid zip header at byte ${at}`, at);
      }
      const header = await readLocalHeader(input, shown);
      const isFile = !header.name.endsWith("/") && !CLUTTER.test(header.name);
      if (!isFile || !wanted(header.name)) {
        walked.push({ ...header, at, ...await pass(input, header, shown) });
        continue;
      }
      refuseUnreadable(header, shown);
      const facts: Facts = { crc: 0, size: 0, packed: 0 };
      const chunks = coalesce(contents(input, header, shown, facts), MIN_CHUNK_BYTES);
      yield { name: header.name, chunks };
      // Left early: what follows cannot be found without reading on.
      for await (const _ of chunks);
      walked.push({ ...header, at, ...facts });
    }
    await readDirectory(input, shown, walked);
    const end = input.position;
    if ((await input.peek(1)).length > 0) throw junkBehind(shown, end);
  } finally {
    await input.close();
  }
}

interface Facts {
  crc: number;
  size: number;
  packed: number;
}

/** A member's bytes; `facts` are filled in on the way. */
async function* contents(
  input: ByteInput,
  header: LocalHeader,
  shown: string,
  facts: Facts,
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = input.position;
  const data = header.method === 8
    ? inflate(input, shown)
    : exactly(input, header.packed ?? 0, shown);
  for await (const chunk of data) {
    facts.crc = crc32(chunk, facts.crc);
    facts.size += chunk.length;
    yield chunk;
  }
  facts.packed = input.position - start;
  if (header.described) await readDescriptor(input, header, shown, facts, start);
  else if (
    header.crc !== facts.crc >>> 0 || header.size !== facts.size || header.packed !== facts.packed
  ) throw wrongMember(header, shown, start);
}

/** Passes over a member that nobody wants, reading it where its end is not known otherwise. */
async function pass(input: ByteInput, header: LocalHeader, shown: string): Promise<Facts> {
  const { packed, size, crc } = header;
  if (!header.described && packed !== null && size !== null) {
    for await (const _ of exactly(input, packed, shown));
    return { crc, size, packed };
  }
  refuseUnreadable(header, shown);
  const facts: Facts = { crc: 0, size: 0, packed: 0 };
  for await (const _ of contents(input, header, shown, facts));
  return facts;
}

/**
 * Reads the lengths and the checksum that stand behind the data.
 *
 * Nothing says whether a signature is before them and how wide they are: the form that is right is.
 */
async function readDescriptor(
  input: ByteInput,
  header: LocalHeader,
  shown: string,
  facts: Facts,
  start: number,
): Promise<void> {
  const bytes = await input.peek(24);
  for (const signed of [4, 0]) {
    if (signed === 4 && uint(bytes.subarray(0, 4)) !== DATA_DESCRIPTOR) continue;
    for (const width of [4, 8]) {
      const length = signed + 4 + 2 * width;
      if (bytes.length < length) continue;
      const part = (at: number, size: number) =>
        uint(bytes.subarray(signed + at, signed + at + size));
      if (
        part(0, 4) === facts.crc >>> 0 && part(4, width) === facts.packed &&
        part(4 + width, width) === facts.size && await isHeader(input, length)
      ) {
        await input.take(length);
        return;
      }
    }
  }
  throw bytes.length < 12 ? truncated(input, shown) : wrongMember(header, shown, start);
}

/** Whether a header of the archive stands so many bytes further on. */
async function isHeader(input: ByteInput, length: number): Promise<boolean> {
  const bytes = await input.peek(length + 2);
  return bytes[length] === 0x50 && bytes[length + 1] === 0x4b;
}

async function* exactly(
  input: ByteInput,
  count: number,
  shown: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = count; left > 0;) {
    const chunk = await input.next();
    if (chunk === null) throw truncated(input, shown);
    const part = chunk.subarray(0, left);
    input.unread(chunk.subarray(part.length));
    left -= part.length;
    yield part;
  }
}

function refuseUnreadable(
  { name, method, encrypted, described, packed }: LocalHeader,
  shown: string,
) {
  const member = `${JSON.stringify(name)} in "${shown}"`;
  if (encrypted) {
    throw new SluiceError("source/encrypted", `${member} is encrypted`, {
      hint: "Unpack it with its password, and name the file itself in `source.url`",
    });
  }
  if (method !== 0 && method !== 8) {
    throw new SluiceError(
      "source/compression_not_available",
      `${member} is compressed with ${METHODS[method] ?? `method ${method}`}, which cannot be read`,
      { hint: "Pack the archive again with Deflate, as `zip` does" },
    );
  }
  if (method === 0 && described && (packed ?? 0) === 0) {
    throw new SluiceError(
      "source/compression_not_available",
      `${member} is stored without its length in front`,
      { hint: "Pack the archive again with `zip`" },
    );
  }
}

const METHODS: Readonly<Record<number, string>> = {
  9: "Deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "zstd",
  95: "xz",
  98: "PPMd",
};

function wrongMember({ name }: LocalHeader, shown: string, at: number): SluiceError {
  return corrupt(
    shown,
    `the length or the checksum of its file ${JSON.stringify(name)} is wrong`,
    at,
  );
}

/** Little-endian. */
function uint(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
