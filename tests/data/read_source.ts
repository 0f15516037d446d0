import { fileURLToPath } from "node:url";

/** Reads a local source whole and decompresses it, by no code of the loader's. */
export async function readSource(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = source.startsWith("file:") ? fileURLToPath(source) : source;
  const bytes = await Deno.readFile(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes) : bytes;
}

/** Decompresses one gzip member. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** One array of all. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
