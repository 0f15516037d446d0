/** Bytes outside of the heap that may lie there unused. */
const MOST_UNUSED = 3 << 22;

/** Bytes that were in use at the least since they were last freed. */
let used = 0;

/**
 * Has the memory of buffers freed that nobody uses any more, where there may be much of it.
 *
 * A buffer that was in use while V8 twice looked at what is young is old, and V8 looks at what is old
 * after 64 MB of buffers: in a run of twelve months these were a third of its memory. Looking takes
 * some 40 ms. Does nothing without V8's `--expose-gc`, which the tasks have.
 */
export function freeBuffers(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return;
  const { external } = Deno.memoryUsage();
  // They are freed a moment after that was asked for.
  used = Math.min(used, external);
  if (external - used < MOST_UNUSED) return;
  gc();
  used = external;
}
