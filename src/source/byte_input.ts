/** A stream of chunks that can be looked into and given back to. */
export class ByteInput {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #returned: Uint8Array | null = null;
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken so far and not given back. */
  get position(): number {
    return this.#position;
  }

  /** The next chunk, valid until the one after it; null at the end. */
  async next(): Promise<Uint8Array | null> {
    let chunk = this.#returned;
    this.#returned = null;
    while (chunk === null || chunk.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return null;
      chunk = value;
    }
    this.#position += chunk.length;
    return chunk;
  }

  /** Gives back the end of the chunk taken last. */
  unread(bytes: Uint8Array): void {
    this.#position -= bytes.length;
    this.#returned = bytes.length === 0 ? null : bytes;
  }

  /** How many bytes there are in all, once the source has ended: what was given back included. */
  get end(): number {
    return this.#position + (this.#returned?.length ?? 0);
  }

  /** Takes exactly `count` bytes, copied; null, with nothing taken, where fewer are left. */
  async take(count: number): Promise<Uint8Array | null> {
    const bytes = await this.peek(count);
    if (bytes.length < count) return null;
    const chunk = (await this.next())!;
    this.unread(chunk.subarray(count));
    return bytes;
  }

  /** A copy of the next `count` bytes, fewer only at the end, without taking them. */
  async peek(count: number): Promise<Uint8Array> {
    let held = new Uint8Array(0);
    for (;;) {
      const chunk = await this.next();
      if (chunk === null) break;
      if (held.length === 0 && chunk.length >= count) {
        this.unread(chunk);
        return chunk.slice(0, count);
      }
      const joined = new Uint8Array(held.length + chunk.length);
      joined.set(held);
      joined.set(chunk, held.length);
      held = joined;
      if (held.length >= count) break;
    }
    this.unread(held);
    return held.slice(0, count);
  }

  /** What is left, as a stream; ending it early ends the source. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let chunk = await this.next(); chunk !== null; chunk = await this.next()) yield chunk;
    } finally {
      await this.close();
    }
  }

  /** Ends the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
