/** The protocol's message type `d`. */
const COPY_DATA = 0x64;

/** A message begins with its type and its length, which counts itself. */
const HEADER_BYTES = 5;

/** Beyond so many bytes a call costs less than a loop. */
const FEW_BYTES = 32;

/** Bytes that wait to be taken before the server is asked to wait. */
const MOST_WAITING = 1 << 20;

/** What bytes come from. */
export interface ByteSource {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Parts the rows of a `copy … to stdout` from the other messages of the server, which go to the
 * driver: that makes an object of each row and of its bytes (40 µs a row, measured).
 */
export class CopyReceiver {
  readonly #source: ByteSource;
  readonly #forward: (bytes: Uint8Array) => void;
  readonly #onBytes: () => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  /** Bytes that are still to come of the message that has begun. */
  #left = 0;
  #isRow = false;

  /**
   * @param forward takes what is of other messages, in any pieces
   * @param onBytes called when there is something to take
   */
  constructor(source: ByteSource, forward: (bytes: Uint8Array) => void, onBytes: () => void) {
    this.#source = source;
    this.#forward = forward;
    this.#onBytes = onBytes;
  }

  /** Takes the next bytes from the server. */
  push(received: Uint8Array): void {
    // A part of a Buffer is a Buffer, which takes long to make.
    const bytes = new Uint8Array(received.buffer, received.byteOffset, received.byteLength);
    const rows = new Uint8Array(bytes.length);
    let filled = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#left === 0) {
        at += this.#readHeader(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      if (!this.#isRow) this.#forward(bytes.subarray(at, end));
      else if (end - at > FEW_BYTES) {
        rows.set(bytes.subarray(at, end), filled);
        filled += end - at;
      } else for (let i = at; i < end; i++) rows[filled++] = bytes[i];
      at = end;
    }
    if (filled === 0) return;
    this.#waiting.push(rows.subarray(0, filled));
    this.#waitingBytes += filled;
    if (this.#waitingBytes > MOST_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
    this.#onBytes();
  }

  /** The bytes that have waited longest; null: none. */
  take(): Uint8Array | null {
    const bytes = this.#waiting.shift() ?? null;
    this.#waitingBytes -= bytes?.length ?? 0;
    if (this.#isPaused && this.#waitingBytes <= MOST_WAITING / 2) {
      this.#isPaused = false;
      this.#source.resume();
    }
    return bytes;
  }

  /** Reads what has come of the header of a message; returns the bytes that it took. */
  #readHeader(bytes: Uint8Array, at: number): number {
    // Hot: once for each row. One that came in one piece needs no place of its own.
    if (this.#headerFilled === 0 && bytes[at] === COPY_DATA && bytes.length - at >= HEADER_BYTES) {
      this.#isRow = true;
      this.#left = lengthAt(bytes, at);
      return HEADER_BYTES;
    }
    const count = Math.min(HEADER_BYTES - this.#headerFilled, bytes.length - at);
    this.#header.set(bytes.subarray(at, at + count), this.#headerFilled);
    this.#headerFilled += count;
    if (this.#headerFilled < HEADER_BYTES) return count;
    this.#headerFilled = 0;
    this.#isRow = this.#header[0] === COPY_DATA;
    this.#left = lengthAt(this.#header, 0);
    if (!this.#isRow) this.#forward(this.#header.slice());
    return count;
  }
}

/** Bytes of the message whose header is at a place, behind the header. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] << 24 | bytes[at + 2] << 16 | bytes[at + 3] << 8 | bytes[at + 4];
  return (length >>> 0) - 4;
}
