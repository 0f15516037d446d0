/**
 * A growing buffer that COPY BINARY tuples are written into.
 *
 * Encoders write at `length` and move it on. `reserve` must be called before writing more than the
 * caller has reserved: typed-array writes past the end are silently lost.
 */
export class Frame {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  length = 0;
  /** Bytes that belong to somebody else's memory, where the frame begins. */
  readonly home: Uint8Array<ArrayBuffer> | null;

  /** @param room bytes to begin with, or their number */
  constructor(room: number | Uint8Array<ArrayBuffer>) {
    this.home = typeof room === "number" ? null : room;
    this.bytes = typeof room === "number" ? new Uint8Array(room) : room;
    this.view = viewOf(this.bytes);
  }

  /** Goes back to where it began, should it have grown out of it while it held more. */
  comeHome(): void {
    if (this.home === null || this.bytes === this.home || this.length > 0) return;
    this.bytes = this.home;
    this.view = viewOf(this.home);
  }

  /** Makes room for `count` more bytes, keeping what is written. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(buffer, byteOffset, length);
}
