import { SluiceError } from "../core/error.ts";
import type { RandomInput } from "./random_input.ts";

/** Bytes that are kept in memory; those of a longer source are in a file without a name. */
const MEMORY_BYTES = 1 << 26;
const BLOCK_BYTES = 1 << 20;
/** Where Sluice keeps its files; it may write there. */
const FOLDER = ".sluice";

/** All bytes of a stream, kept until they are no longer needed. */
export interface Spool extends AsyncDisposable, Omit<RandomInput, "confirm"> {}

/**
 * Keeps the bytes of a stream, so that they can be read in any order.
 *
 * @param most bytes that are kept in memory
 * @throws SluiceError `source/no_spool` where there is no room for them
 */
export async function spool(
  chunks: AsyncIterable<Uint8Array>,
  shown: string,
  most = MEMORY_BYTES,
): Promise<Spool> {
  const blocks: Uint8Array[] = [];
  let size = 0;
  let file: TemporaryFile | null = null;
  try {
    for await (const chunk of chunks) {
      if (file === null && size + chunk.length > most) {
        file = await temporaryFile(shown);
        for (const [at, block] of blocks.entries()) {
          await file.write(block.subarray(0, Math.min(BLOCK_BYTES, size - at * BLOCK_BYTES)));
        }
        blocks.length = 0;
      }
      if (file !== null) await file.write(chunk);
      else put(blocks, size, chunk);
      size += chunk.length;
    }
  } catch (error) {
    await file?.[Symbol.asyncDispose]();
    throw error;
  }
  return {
    size,
    shown,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      if (file !== null) await file.read(start, bytes);
      else get(blocks, start, bytes);
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      blocks.length = 0;
      await file?.[Symbol.asyncDispose]();
    },
  };
}

function put(blocks: Uint8Array[], at: number, chunk: Uint8Array): void {
  for (let from = 0; from < chunk.length;) {
    const block = blocks[Math.floor((at + from) / BLOCK_BYTES)] ?? new Uint8Array(BLOCK_BYTES);
    blocks[Math.floor((at + from) / BLOCK_BYTES)] = block;
    const start = (at + from) % BLOCK_BYTES;
    const part = chunk.subarray(from, from + BLOCK_BYTES - start);
    block.set(part, start);
    from += part.length;
  }
}

function get(blocks: readonly Uint8Array[], start: number, out: Uint8Array): void {
  for (let done = 0; done < out.length;) {
    const at = start + done;
    const block = blocks[Math.floor(at / BLOCK_BYTES)];
    const from = at % BLOCK_BYTES;
    const part = block.subarray(from, from + Math.min(BLOCK_BYTES - from, out.length - done));
    out.set(part, done);
    done += part.length;
  }
}

interface TemporaryFile extends AsyncDisposable {
  write(bytes: Uint8Array): Promise<void>;
  read(start: number, out: Uint8Array): Promise<void>;
}

/** A file that is gone when it is closed, however the process ends. */
async function temporaryFile(shown: string): Promise<TemporaryFile> {
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new SluiceError(
        "source/no_spool",
        `"${shown}" is read from its end, and there is no room to keep it: ${error.message}`,
        {
          hint: `Free space on the disk of the folder "${FOLDER}", let Deno write there ` +
            `(--allow-write=${FOLDER}), or download the file and name it in \`source.url\``,
        },
      );
    }
  }
  const { path, handle } = await attempt(async () => {
    await Deno.mkdir(FOLDER, { recursive: true });
    const path = await Deno.makeTempFile({ dir: FOLDER, prefix: "spool-" });
    return { path, handle: await Deno.open(path, { read: true, write: true }) };
  });
  let isThere = true;
  async function remove(): Promise<void> {
    try {
      await Deno.remove(path);
      isThere = false;
    } catch {
      // Windows removes no file that is open: then it goes when it is closed.
    }
  }
  await remove();
  return {
    write: (bytes) =>
      attempt(async () => {
        for (let at = 0; at < bytes.length;) at += await handle.write(bytes.subarray(at));
      }),
    read: (start, out) =>
      attempt(async () => {
        await handle.seek(start, Deno.SeekMode.Start);
        for (let at = 0; at < out.length;) {
          const count = await handle.read(out.subarray(at));
          if (count === null) throw new Error("the file ends");
          at += count;
        }
      }),
    async [Symbol.asyncDispose]() {
      handle.close();
      if (isThere) await remove();
    },
  };
}
