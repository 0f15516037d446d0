import { decodeEscapes, readXml } from "./xml.ts";

/** The texts that cells refer to by their number, as UTF-8 in one piece. */
export class SharedStrings {
  #bytes = new Uint8Array(1 << 12);
  #starts = new Uint32Array(1 << 8);
  #count = 0;
  #length = 0;

  get count(): number {
    return this.#count;
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

/** Reads the shared strings of a workbook; null: it has none. */
export async function readStrings(bytes: Uint8Array | null): Promise<SharedStrings> {
  const strings = new SharedStrings();
  if (bytes === null) return strings;
  const text = new RichText();
  await readXml(bytes, {
    open(name) {
      if (name === "si") text.begin();
      else text.open(name);
    },
    close(name) {
      if (name === "si") strings.add(text.end());
      else text.close(name);
    },
    text: (part) => text.add(part),
  });
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
