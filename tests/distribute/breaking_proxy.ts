/** A way to a Postgres that breaks connections when a test says so. */
export interface BreakingProxy extends AsyncDisposable {
  /** The URL given, by way of the proxy. */
  readonly url: string;
  /** Connections broken so far. */
  broken(): number;
}

/**
 * Breaks a connection as soon as its client has sent what `breaks` says yes to: before the server
 * gets it, or after; or keeps it for itself, so that the client waits.
 */
export function breakingProxy(
  url: string,
  breaks: (sent: string) => "before" | "after" | "hold" | null,
): BreakingProxy {
  const { hostname, port } = new URL(url);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const ends: Promise<void>[] = [];
  let broken = 0;
  const close = (conn: Deno.Conn) => {
    open.delete(conn);
    try {
      conn.close();
    } catch {
      // Closed by the other end.
    }
  };
  async function forward(client: Deno.Conn): Promise<void> {
    open.add(client);
    let server: Deno.Conn;
    try {
      server = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return close(client);
    }
    open.add(server);
    const pass = async (from: Deno.Conn, to: Deno.Conn, look: boolean) => {
      const bytes = new Uint8Array(1 << 16);
      try {
        for (let count = await from.read(bytes); count !== null; count = await from.read(bytes)) {
          const piece = bytes.subarray(0, count);
          const when = look ? breaks(new TextDecoder("latin1").decode(piece)) : null;
          if (when !== null) broken++;
          if (when === "before") break;
          if (when === "hold") continue;
          for (let at = 0; at < count;) at += await to.write(piece.subarray(at));
          if (when === "after") break;
        }
      } catch {
        // Broken.
      }
      close(from);
      close(to);
    };
    await Promise.all([pass(client, server, true), pass(server, client, false)]);
  }
  const accepting = (async () => {
    for await (const client of listener) ends.push(forward(client));
  })();
  const through = new URL(url);
  through.port = String((listener.addr as Deno.NetAddr).port);
  return {
    url: through.href,
    broken: () => broken,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of [...open]) close(conn);
      await accepting;
      await Promise.all(ends);
    },
  };
}
