/** A way to a server that breaks connections when a test says so. */
export interface BreakingProxy extends AsyncDisposable {
  /** The URL given, by way of the proxy. */
  readonly url: string;
  /** Connections that what was sent has broken so far. */
  broken(): number;
  /** Breaks every connection, and refuses new ones. */
  cut(): void;
  /** Takes connections again. */
  mend(): void;
}

/**
 * When a connection breaks whose client has sent this: before the server gets it, or after; or the
 * proxy keeps it for itself, so that the client waits.
 */
export type Breaks = (sent: string) => "before" | "after" | "hold" | null;

/** Opens a proxy on a port of its own, the same after it was cut and mended. */
export function breakingProxy(url: string, breaks: Breaks = () => null): BreakingProxy {
  const { hostname, port } = new URL(url);
  const open = new Set<Deno.Conn>();
  const work: Promise<void>[] = [];
  let broken = 0;
  let listener: Deno.TcpListener | null = listen(0);
  const own = listener.addr.port;

  function listen(port: number): Deno.TcpListener {
    const made = Deno.listen({ hostname: "127.0.0.1", port });
    work.push((async () => {
      for await (const client of made) work.push(forward(client));
    })());
    return made;
  }

  async function forward(client: Deno.Conn): Promise<void> {
    open.add(client);
    let server: Deno.Conn;
    try {
      server = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return close(client);
    }
    open.add(server);
    // Cut while it was being connected.
    if (listener === null) close(client);
    await Promise.all([pass(client, server, breaks), pass(server, client, () => null)]);
  }

  async function pass(from: Deno.Conn, to: Deno.Conn, breaks: Breaks): Promise<void> {
    const bytes = new Uint8Array(1 << 16);
    try {
      for (let count = await from.read(bytes); count !== null; count = await from.read(bytes)) {
        const piece = bytes.subarray(0, count);
        const when = breaks(new TextDecoder("latin1").decode(piece));
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
  }

  function close(connection: Deno.Conn): void {
    open.delete(connection);
    try {
      connection.close();
    } catch {
      // Closed by the other end.
    }
  }

  function cut(): void {
    listener?.close();
    listener = null;
    for (const connection of [...open]) close(connection);
  }

  const through = new URL(url);
  through.port = String(own);
  return {
    url: through.href,
    broken: () => broken,
    cut,
    mend: () => void (listener ??= listen(own)),
    async [Symbol.asyncDispose]() {
      cut();
      // What comes in meanwhile is work, too.
      for (let done = 0; done < work.length; done++) await work[done];
    },
  };
}
