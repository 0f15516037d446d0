/** Words for encodings that are none of the Encoding Standard, or mean something else there. */
const WORDS: Readonly<Record<string, string>> = {
  "ascii": "ascii",
  "us-ascii": "ascii",
  "ansi": "windows-1252",
  "macroman": "macintosh",
  "sjis": "shift_jis",
  "cp932": "shift_jis",
  "cp936": "gbk",
  "cp949": "euc-kr",
  "cp950": "big5",
  "utf-8-sig": "utf-8",
};

/** The one name of an encoding that a file or a server calls so; null where it is none we read. */
export function encodingOf(label: string): string | null {
  const word = label.trim().toLowerCase().replaceAll("_", "-");
  if (/^(iso-?8859-?1|latin-?1|l1)$/.test(word)) return "iso-8859-1";
  if (/^(utf-?16|ucs-?2|unicode)$/.test(word)) return "utf-16";
  const known = WORDS[word] ?? word.replace(/^(?:cp|win|windows)-?(125\d|874)$/, "windows-$1")
    .replace(/^latin-?(\d+)$/, "latin$1")
    .replace(/^latin9$/, "iso-8859-15")
    .replace(/^utf-?(8|16)-?([lb]e)?$/, (_all, bits, order) => `utf-${bits}${order ?? ""}`);
  if (known === "ascii") return known;
  for (const each of [known, known.replaceAll("-", "_")]) {
    try {
      const { encoding } = new TextDecoder(each);
      return encoding === "replacement" || encoding === "x-user-defined" ? null : encoding;
    } catch {
      // The other spelling may be one.
    }
  }
  return null;
}

/** Whether each character is one byte, and those of ASCII are what they are there. */
export function isOneByte(encoding: string): boolean {
  return /^(ascii|ibm866|macintosh|x-mac-cyrillic|(iso-8859|windows|koi8)-.*)$/.test(encoding);
}

/** The encoding that a `Content-Type` announces; null where it announces none that we read. */
export function announcedEncoding(contentType: string | null): string | null {
  const [, quoted, word] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(contentType ?? "") ??
    [];
  return encodingOf(quoted ?? word ?? "");
}

/** A text as bytes of an encoding with one byte for each character; null where one has none. */
export function encodeOneByte(text: string, encoding: string): Uint8Array | null {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const byte = code < 128 ? code : encoding === "ascii" ? -1 : highByte(character, encoding);
    if (byte < 0) return null;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function highByte(character: string, encoding: string): number {
  if (encoding === "iso-8859-1") {
    const code = character.codePointAt(0)!;
    return code > 0x9f && code < 0x100 ? code : -1;
  }
  const decoder = new TextDecoder(encoding);
  for (let byte = 128; byte < 256; byte++) {
    if (decoder.decode(Uint8Array.of(byte)) === character) return byte;
  }
  return -1;
}
