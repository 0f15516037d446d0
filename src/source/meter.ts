import { createHash, type Hash } from "node:crypto";
import type { StoredFile } from "./transports/transport.ts";

/** Counts and digests the bytes that pass. */
export class Meter {
  bytes = 0;
  readonly #hash: Hash = createHash("sha256");
  #digest: string | null = null;

  async *watch(
    stored: Pick<StoredFile, "chunks" | "confirm">,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of stored.chunks) {
      this.add(chunk);
      yield chunk;
    }
    const digest = this.end();
    await stored.confirm?.(digest);
  }

  /** The next bytes. */
  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  }

  /** Sets what stands for the file, where not all bytes of it have passed. */
  settle(bytes: number, identity: string): void {
    this.bytes = bytes;
    this.#digest = identity;
  }

  /** The digest: all bytes have passed. */
  end(): string {
    return this.#digest ??= this.#hash.digest("hex");
  }

  account(): { readonly bytes: number; readonly sha256: string } {
    if (this.#digest === null) throw new Error("The digest is known after the last chunk only");
    return { bytes: this.bytes, sha256: this.#digest };
  }
}
