/** What clients send that never becomes a request, and what is no request at all. */
const PIECES = [
  "",
  "G",
  "GET /healthz HTTP/1.1\r\n",
  "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n",
  "POST /runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
  "Authorization: Bearer 0123456789abcdef0123\r\nContent-Length: 1000\r\n\r\n{",
  "POST /runs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
  "\x16\x03\x01\x02\x00\x01\x00",
  "\0".repeat(100),
  "GET / HTTP/1.1\r\nX: " + "x".repeat(100_000),
  "GET //evil/x HTTP/1.1\r\nHost: [\r\n\r\n",
  "GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /runs?pipeline=%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
];

/** Opens many connections that send halves of requests and stay. */
export async function halfClients(
  origin: string,
  count: number,
  random: () => number,
): Promise<AsyncDisposable> {
  const { hostname, port } = new URL(origin);
  const open: Deno.TcpConn[] = [];
  const ends: Promise<void>[] = [];
  for (let at = 0; at < count; at++) {
    let connection: Deno.TcpConn;
    try {
      connection = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      // The server is gone.
      break;
    }
    open.push(connection);
    const piece = PIECES[Math.floor(random() * PIECES.length)];
    const bytes = new TextEncoder().encode(piece);
    ends.push((async () => {
      try {
        if (bytes.length > 0) await connection.write(bytes);
        while (await connection.read(new Uint8Array(1024)) !== null);
      } catch {
        // Hung up on.
      }
    })());
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // Closed already.
        }
      }
      await Promise.all(ends);
    },
  };
}
