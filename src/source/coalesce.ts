/** Joins small chunks, so that what works per chunk downstream is not done too often. */
export async function* coalesce(
  chunks: AsyncIterable<Uint8Array>,
  minBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let buffer: Uint8Array | null = null;
  let length = 0;
  for await (const chunk of chunks) {
    if (length === 0 && chunk.length >= minBytes) {
      yield chunk;
      continue;
    }
    if (length > 0 && length + chunk.length > minBytes * 2) {
      yield buffer!.subarray(0, length);
      length = 0;
    }
    if (chunk.length >= minBytes) {
      yield chunk;
      continue;
    }
    buffer ??= new Uint8Array(minBytes * 2);
    buffer.set(chunk, length);
    length += chunk.length;
    if (length < minBytes) continue;
    yield buffer.subarray(0, length);
    length = 0;
  }
  if (length > 0) yield buffer!.subarray(0, length);
}
