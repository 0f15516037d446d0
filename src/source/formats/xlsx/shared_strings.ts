import { tooLarge } from "./faults.ts";
import { decodeEscapes, openXml } from "./xml.ts";

const PIECE_BYTES = 1 << 16;

/** The texts that cells refer to by their number, as UTF-8 in one piece. */
export class SharedStrings {
  #bytes = new Uint8Array(1 << 12);
  #starts = new Uint32Array(1 << 8);
  #count = 0;
  #length = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#length;
  }

  add(text: string): void {
    const most = this.#length + text.length * 3;
    if (most > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(most, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    if (this.#count + 1 >= this.#starts.length) {
      const grown = new Uint32Array(this.#starts.length * 2);
      grown.set(this.#starts);
      this.#starts = grown;
    }
    const { written } = new TextEncoder().encodeInto(text, this.#bytes.subarray(this.#length));
    this.#length += written;
    this.#starts[++this.#count] = this.#length;
  }

  /** A text; null where there is none of the number. */
  at(index: number): Uint8Array | null {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return null;
    return this.#bytes.subarray(this.#starts[index], this.#starts[index + 1]);
  }
}

/** Bytes of all texts, and of the XML of one. */
const MOST_BYTES = 1 << 27;
const MOST_OF_ONE = 1 << 26;

/**
 * Reads the shared strings of a workbook as they come.
 *
 * @throws SluiceError `source/xlsx_too_large`
 */
export async function readStrings(
  chunks: AsyncIterable<Uint8Array>,
  shown: string,
): Promise<SharedStrings> {
  const strings = new SharedStrings();
  const text = new RichText();
  let open = 0;
  const xml = await openXml({
    open(name) {
      if (name === "si") text.begin();
      else text.open(name);
    },
    close(name) {
      if (name !== "si") return text.close(name);
      strings.add(text.end());
      open = 0;
    },
    text: (part) => text.add(part),
  });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      open += piece.length;
      xml.push(piece);
      if (strings.bytes > MOST_BYTES || open > MOST_OF_ONE) {
        throw tooLarge(shown, `more than ${MOST_BYTES} bytes of texts`);
      }
    }
  }
  xml.end();
  return strings;
}

/** A text of runs, without the readings that stand above Japanese ones. */
export class RichText {
  #text = "";
  #isText = false;
  #phonetic = 0;

  begin(): void {
    this.#text = "";
    this.#isText = false;
    this.#phonetic = 0;
  }

  open(name: string): void {
    if (name === "rPh") this.#phonetic++;
    else if (name === "t") this.#isText = this.#phonetic === 0;
  }

  close(name: string): void {
    if (name === "rPh") this.#phonetic--;
    else if (name === "t") this.#isText = false;
  }

  add(part: string): void {
    if (this.#isText) this.#text += part;
  }

  end(): string {
    return decodeEscapes(this.#text);
  }
}
