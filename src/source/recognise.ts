import { SluiceError } from "../core/error.ts";
import { announcedEncoding, isOneByte } from "../core/encodings.ts";
import { ByteInput } from "./byte_input.ts";
import { orderOf } from "./encodings/byte_order.ts";

/** What a text of a format looks like. */
export interface FormatTraits {
  /** How messages call a file of it. */
  readonly label: string;
  /** How every file of it begins, where it is no text. */
  readonly magic?: readonly number[];
  /** How every file of it ends, where it is read from its end and in parts. */
  readonly tail?: readonly number[];
  /** Whether a file that begins so is one, where `magic` does not tell all of it. */
  isOwn?(head: Uint8Array): boolean;
  /** Of its text; left out: UTF-8. */
  readonly encoding?: string;
  /** Control characters that it may hold, as bytes. */
  readonly controls: readonly number[];
  /** Bytes that every longer text of it has many of. */
  readonly separators: readonly number[];
  /** What else a text is, by how it begins and by what the server calls it; null: nothing else. */
  other(text: string, contentType: string): Kind | null;
}

/** What the start of a file shows it to be. */
export interface Kind {
  /** With its article: `a Parquet file`. */
  readonly what: string;
  readonly hint: string;
}

/** Bytes at the start of a file that are looked at. */
export const HEAD_BYTES = 4096;

const CONVERT = "It cannot be read so far: convert it to Parquet or CSV, for example with DuckDB";
const SAY_XLSX = "Say so:\nsource:\n  format: xlsx";
const SAVE_AS_CSV = 'Save the sheet as "CSV UTF-8", and name that file in `source.url`';
const UNPACK = "Unpack it, and name the file in it that is to be loaded in `source.url`";
export const WEB_PAGE =
  "It may be a login, an error, or a page about the file: open the address in a " +
  "browser, and name the address of the file itself in `source.url`";

/** What files of Office begin with that are no zip archives. */
export const CFB = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/** Files of bytes that no text begins with: offset, bytes, kind. */
const MAGIC: readonly (readonly [at: number, magic: readonly number[], kind: Kind])[] = [
  [0, [0x1f, 0x8b], { what: "still compressed, with gzip", hint: unpackOnce("gunzip") }],
  [0, [0x28, 0xb5, 0x2f, 0xfd], {
    what: "still compressed, with zstd",
    hint: unpackOnce("zstd -d"),
  }],
  [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], {
    what: "still compressed, with xz",
    hint: unpackOnce("xz -d"),
  }],
  [4, ascii("1AY&SY"), { what: "still compressed, with bzip2", hint: unpackOnce("bunzip2") }],
  [0, [0x50, 0x4b, 0x03, 0x04], { what: "a zip archive", hint: UNPACK }],
  [0, [0x50, 0x4b, 0x05, 0x06], { what: "an empty zip archive", hint: UNPACK }],
  [0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], { what: "a 7-Zip archive", hint: UNPACK }],
  [0, [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07], { what: "a RAR archive", hint: UNPACK }],
  [257, [...ascii("ustar"), 0x00], { what: "a tar archive", hint: UNPACK }],
  [257, [...ascii("ustar"), 0x20], { what: "a tar archive", hint: UNPACK }],
  [0, CFB, {
    what: "an Excel workbook of the old kind (.xls)",
    hint: SAVE_AS_CSV,
  }],
  [0, [...ascii("Obj"), 0x01], { what: "an Avro file", hint: CONVERT }],
  [0, [...ascii("ARROW1"), 0x00], { what: "an Arrow file", hint: CONVERT }],
  [0, [...ascii("SQLite format 3"), 0x00], { what: "an SQLite database", hint: CONVERT }],
  [0, [...ascii("PGCOPY\n"), 0xff], {
    what: "a COPY BINARY file of Postgres",
    hint: "Write it as `copy … to … (format csv, header)`",
  }],
  [0, [...ascii("PGDMP"), 0x01], {
    what: "a dump of pg_dump",
    hint: "Restore it with pg_restore: it has no rows of its own",
  }],
  [0, ascii("%PDF-1."), { what: "a PDF document", hint: WEB_PAGE }],
  [0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], { what: "a PNG picture", hint: WEB_PAGE }],
];

/** Names of formats whose files begin with letters, which a header may begin with as well. */
const LETTERS: readonly (readonly [letters: string, kind: Kind])[] = [
  ["PAR1", { what: "a Parquet file", hint: "Say so:\nsource:\n  format: parquet" }],
  ["PARE", { what: "an encrypted Parquet file", hint: CONVERT }],
  ["ORC", { what: "an ORC file", hint: CONVERT }],
  ["FEA1", { what: "a Feather file", hint: CONVERT }],
];

const HTML = /^\s*(?:<!--[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)[\s>]/i;
const XML = /^\s*<\?xml\s/;
const GIT_LFS = /^version https:\/\/git-lfs\.github\.com\/spec\//;
const GIT_ANNEX = /^(?:\.\.\/)*\/?(?:\.git\/)?annex\/objects\//;

/** Where the bytes come from, for the checks and for the message. */
export interface Origin {
  /** The address as people may see it. */
  readonly shown: string;
  /** The HTTP `Content-Type`, or null. */
  readonly contentType: string | null;
}

/**
 * The same bytes, decompressed ones, unless they begin as a file of another format does.
 *
 * @param traits null: it is still to be found out what they are
 * @throws SluiceError `source/other_format`, `source/wrong_encoding`, upon the first chunk
 */
export async function* recognised(
  bytes: AsyncIterable<Uint8Array>,
  traits: FormatTraits | null,
  origin: Origin,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new ByteInput(bytes);
  try {
    if (traits !== null) refuseOthers(await input.peek(HEAD_BYTES), traits, origin);
    yield* input.rest();
  } finally {
    await input.close();
  }
}

/** Whether a file is of a format that is no text, by its first bytes. */
export function isOwnFile(head: Uint8Array, { magic, isOwn }: FormatTraits): boolean {
  return isOwn?.(head) ?? magic?.every((byte, at) => head[at] === byte) ?? false;
}

/** Throws where the first bytes, or the server, show that a file is of another format. */
export function refuseOthers(head: Uint8Array, traits: FormatTraits, origin: Origin): void {
  if (isOwnFile(head, traits)) return;
  const encoding = encodingFor(traits.encoding ?? "utf-8", announcedEncoding(origin.contentType));
  requireEncoding(head, encoding, traits, origin);
  const contentType = origin.contentType?.split(";")[0].trim().toLowerCase() ?? "";
  const text = /^(ascii|iso-8859-1)$/.test(encoding)
    ? new TextDecoder("latin1").decode(head)
    : new TextDecoder(orderOf(head, encoding)).decode(head);
  const kind = binaryKind(head, traits, origin) ?? traits.other(text, contentType);
  if (kind !== null) throw otherFormat(kind, origin.shown, traits.label);
}

/**
 * The encoding of a file: what a server announces counts where the pipeline says UTF-8, and it is
 * one that must be decoded before anything else. One of a byte for each character, which is often
 * announced for any text, counts for fields that are no UTF-8.
 */
export function encodingFor(declared: string, announced: string | null | undefined): string {
  if (declared !== "utf-8" || !announced || isOneByte(announced)) return declared;
  // Its bytes show UTF-16 better, and the message says what to write then.
  return announced.startsWith("utf-16") ? declared : announced;
}

/** Throws where the first bytes are of another encoding. */
function requireEncoding(
  head: Uint8Array,
  encoding: string,
  { separators }: FormatTraits,
  { shown }: Origin,
): void {
  const wide = wideEncoding(head, separators);
  const isUtf16 = encoding.startsWith("utf-16");
  if (wide !== null && !(isUtf16 && orderOf(head, encoding) === wide.toLowerCase())) {
    throw new SluiceError(
      "source/wrong_encoding",
      `"${shown}" is ${isUtf16 ? wide : wide.replace(/[LB]E$/, "")}: expected ` +
        (encoding === "utf-8" || isUtf16 ? encoding.toUpperCase() : encoding),
      {
        hint: wide.startsWith("UTF-16")
          ? `Write \`encoding: ${wide.toLowerCase()}\` under \`source.format\`, or convert the ` +
            `file, for example with \`iconv -f ${wide} -t UTF-8\``
          : `Convert the file, for example with \`iconv -f ${wide} -t UTF-8\``,
      },
    );
  }
  const hasMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  if ((encoding !== "utf-8" && hasMark) || (isUtf16 && head.length > 3 && !head.includes(0))) {
    throw new SluiceError(
      "source/wrong_encoding",
      hasMark
        ? `"${shown}" is UTF-8, as its first bytes say: expected ${encoding}`
        : `"${shown}" is not UTF-16: its first ${head.length} bytes have no zero among them`,
      { hint: "Correct `encoding` under `source.format`, or leave it out for UTF-8" },
    );
  }
}

/** Whether a file is Parquet: the header of a CSV file may begin with the same letters. */
export function isParquet(head: Uint8Array): boolean {
  const magic = ascii("PAR1");
  return magic.every((byte, at) => head[at] === byte) &&
    head.subarray(4, 12).some((byte) => byte < 9);
}

/** Folders and files that only documents of Office begin with, as zip archives. */
const OFFICE_PARTS = /^(\[Content_Types\]\.xml$|_rels\/|docProps\/|xl\/|customXml\/)/;

/** Whether a zip archive is an Excel workbook, or another document of Office, by its first file. */
export function isWorkbook(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(0, 512));
  const name = text.slice(30, 30 + (head[26] ?? 0) + (head[27] ?? 0) * 256);
  return text.startsWith("PK\x03\x04") && OFFICE_PARTS.test(name);
}

/** What a zip archive is, by its first bytes and its name: documents of offices are such archives. */
export function refuseDocument(head: Uint8Array, shown: string): void {
  const text = new TextDecoder("latin1").decode(head);
  if (!text.startsWith("PK\x03\x04")) return;
  const name = shown.replace(/[?#].*$/s, "").toLowerCase();
  if (isWorkbook(head) || /\[Content_Types\]\.xml|_rels\/|xl\//.test(text)) {
    throw document(shown, "an Excel workbook", SAY_XLSX);
  }
  if (/\.ods$/.test(name) || text.includes("opendocument.spreadsheet")) {
    throw document(shown, "an OpenDocument spreadsheet", SAVE_AS_CSV);
  }
  if (/\.xls[xmb]$/.test(name)) {
    throw document(
      shown,
      "a zip archive that is called an Excel workbook, and has not the parts of one",
      "Save the workbook again; an archive of other files is called `.zip`",
    );
  }
}

function document(shown: string, what: string, hint: string): SluiceError {
  return new SluiceError("source/other_format", `"${shown}" is ${what}`, { hint });
}

function otherFormat({ what, hint }: Kind, shown: string, label: string): SluiceError {
  return new SluiceError("source/other_format", `"${shown}" is not a ${label}: it is ${what}`, {
    hint,
  });
}

function binaryKind(head: Uint8Array, traits: FormatTraits, { shown }: Origin): Kind | null {
  refuseDocument(head, shown);
  const found = MAGIC.find(([at, magic]) => magic.every((byte, i) => head[at + i] === byte));
  if (found !== undefined) return found[2];
  const named = LETTERS.find(([letters]) =>
    ascii(letters).every((byte, i) => head[i] === byte) &&
    hasControl(head.subarray(letters.length, letters.length + 8), traits)
  );
  return named?.[1] ?? null;
}

/** Bytes that text does not have, unless they are characters of the format. */
function hasControl(head: Uint8Array, { controls }: FormatTraits): boolean {
  return head.some((byte) => (byte < 9 || byte > 13 && byte < 32) && !controls.includes(byte));
}

/** A small text that stands in the place of a file. */
export function pointerKind(text: string): Kind | null {
  if (GIT_LFS.test(text)) {
    return {
      what: "a Git LFS pointer in place of the file",
      hint: "Get the file itself with `git lfs pull`, or name its own address",
    };
  }
  if (GIT_ANNEX.test(text)) {
    return {
      what: "a git-annex pointer in place of the file",
      hint: "Get the file itself with `git annex get`",
    };
  }
  return null;
}

/** A text of angle brackets. */
export function markupKind(text: string): Kind | null {
  if (HTML.test(text)) return { what: "an HTML page", hint: WEB_PAGE };
  if (XML.test(text)) return { what: "XML", hint: WEB_PAGE };
  return null;
}

/** The encoding of a text whose characters have two or four bytes, as iconv calls it; else null. */
function wideEncoding(head: Uint8Array, separators: readonly number[]): string | null {
  const [a, b, c, d] = head;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? "UTF-32LE" : "UTF-16LE";
  if (a === 0xfe && b === 0xff) return "UTF-16BE";
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return "UTF-32BE";
  const start = head.subarray(0, 1024);
  if (isWide(start, 4, 0, separators)) return "UTF-32LE";
  if (isWide(start, 4, 3, separators)) return "UTF-32BE";
  if (isWide(start, 2, 0, separators)) return "UTF-16LE";
  if (isWide(start, 2, 1, separators)) return "UTF-16BE";
  return null;
}

/**
 * Whether the bytes are characters of `size` bytes, of which the one at `low` is the lowest.
 *
 * Separators have zeros in their other bytes; few characters have the byte of one as their lowest,
 * and those of hardly any script as their highest. In UTF-8 a zero stands beside one by chance only.
 */
function isWide(head: Uint8Array, size: 2 | 4, low: number, separators: readonly number[]) {
  const high = size === 2 ? 1 - low : low === 0 ? 3 : 0;
  let found = 0;
  let alike = 0;
  let narrow = 0;
  const length = head.length - head.length % size;
  for (let at = 0; at < length; at += size) {
    const top = head[at + high];
    if (separators.includes(top)) return false;
    if (size === 4 && (top !== 0 || head[at + (low === 0 ? 2 : 1)] > 0x10)) return false;
    const others = head.subarray(at, at + size).reduce((sum, byte) => sum + byte, 0);
    if (others === 0) return false;
    const isAlike = separators.includes(head[at + low]);
    if (isAlike) alike++;
    if (others !== head[at + low]) continue;
    narrow++;
    if (isAlike) found++;
  }
  // A short text without a separator is told by its Latin letters.
  return found > 1 && found * 2 > alike || narrow > 1 && narrow * size === length;
}

function unpackOnce(command: string): string {
  return `It was compressed twice, or the pipeline has \`compression: none\`: run \`${command}\` once`;
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}
