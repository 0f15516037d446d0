/** A message of Postgres's protocol, or, of one that is streamed, the next part of it. */
export interface Piece {
  /** The type byte as a character; empty for the first message, which has none. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Whether this is the beginning, and the end, of its message. */
  readonly first: boolean;
  readonly last: boolean;
  /** The body as text. */
  text(): string;
}

/** Which messages are cut into. */
export interface SplitterOptions {
  /** Clients begin with a message that has no type byte. */
  readonly startsUntyped: boolean;
  /** Type of the messages that are handed on in parts, because they are long. */
  readonly streamed: string;
}

/** Finds where messages begin and end in a stream of bytes ("Message Formats", Postgres manual). */
export class MessageSplitter {
  #rest = new Uint8Array(0);
  #untyped: boolean;
  /** Bytes of a streamed message that are still to come. */
  #missing = 0;
  readonly #streamed: string;

  constructor({ startsUntyped, streamed }: SplitterOptions) {
    this.#untyped = startsUntyped;
    this.#streamed = streamed;
  }

  *push(chunk: Uint8Array): Generator<Piece> {
    let bytes = concat(this.#rest, chunk);
    this.#rest = new Uint8Array(0);
    while (bytes.length > 0) {
      if (this.#missing > 0) {
        const part = bytes.subarray(0, this.#missing);
        bytes = bytes.subarray(part.length);
        this.#missing -= part.length;
        yield piece(this.#streamed, part, false, this.#missing === 0);
        continue;
      }
      const head = this.#untyped ? 4 : 5;
      if (bytes.length < head) break;
      const length = head - 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(head - 4);
      const type = this.#untyped ? "" : String.fromCharCode(bytes[0]);
      if (bytes.length < length && type !== this.#streamed) break;
      const part = bytes.subarray(0, length);
      bytes = bytes.subarray(part.length);
      this.#untyped = false;
      this.#missing = length - part.length;
      yield piece(type, part, true, this.#missing === 0);
    }
    this.#rest = bytes.slice();
  }

  /** Bytes of a message that is not complete yet. */
  takeRest(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest;
  }
}

function piece(type: string, bytes: Uint8Array, first: boolean, last: boolean): Piece {
  return { type, bytes, first, last, text: () => new TextDecoder().decode(bytes.subarray(5)) };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
