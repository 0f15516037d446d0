/** Bytes that a response sends at a time. */
const PIECE = 16_384;

/** Where files come from that arrive slowly. */
export interface SlowSource extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly origin: string;
}

/**
 * Serves texts on loopback, each response at the same rate, as servers do that limit a connection.
 *
 * @param files text by path, such as `/2021-01.csv`
 * @param bytesPerSecond of one response, from its first byte
 */
export function serveSlowly(
  files: ReadonlyMap<string, string>,
  bytesPerSecond: number,
): SlowSource {
  const encoder = new TextEncoder();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const text = files.get(new URL(request.url).pathname);
    if (text === undefined) return new Response("Not found", { status: 404 });
    const bytes = encoder.encode(text);
    const headers = { "content-length": `${bytes.length}`, etag: `"${bytes.length}"` };
    if (request.method === "HEAD") return new Response(null, { headers });
    return new Response(slowly(bytes, bytesPerSecond), { headers });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A piece that is late does not delay those behind it: the whole takes as long as it should. */
function slowly(bytes: Uint8Array<ArrayBuffer>, bytesPerSecond: number): ReadableStream {
  const began = performance.now();
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      const piece = bytes.subarray(sent, sent + PIECE);
      sent += piece.length;
      const due = began + sent / bytesPerSecond * 1000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      controller.enqueue(piece);
      if (sent >= bytes.length) controller.close();
    },
  }, { highWaterMark: 0 });
}
