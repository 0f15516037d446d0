/** A way to a server that a test can cut and mend. */
export interface CuttableProxy extends AsyncDisposable {
  /** The URL given, by way of the proxy. */
  readonly url: string;
  /** Breaks every connection, and refuses new ones. */
  cut(): void;
  mend(): void;
}

export function cuttableProxy(url: string): CuttableProxy {
  const { hostname, port } = new URL(url);
  const open = new Set<Deno.Conn>();
  const pipes: Promise<void>[] = [];
  let listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const own = listener.addr.port;
  let listening = true;
  accept(listener);

  function accept(listener: Deno.Listener): void {
    pipes.push((async () => {
      for await (const client of listener) pipes.push(forward(client));
    })());
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
    if (!listening) close(client);
    const [there, back] = [client, server].map((from, at) =>
      from.readable.pipeTo([server, client][at].writable).catch(() => {})
    );
    await Promise.all([there, back]);
    close(client);
    close(server);
  }

  function close(connection: Deno.Conn): void {
    open.delete(connection);
    try {
      connection.close();
    } catch {
      // Closed with its stream.
    }
  }

  function cut(): void {
    listening = false;
    listener.close();
    for (const connection of [...open]) close(connection);
  }

  const through = new URL(url);
  through.port = String(own);
  return {
    url: through.href,
    cut,
    mend() {
      listener = Deno.listen({ hostname: "127.0.0.1", port: own });
      listening = true;
      accept(listener);
    },
    async [Symbol.asyncDispose]() {
      if (listening) cut();
      await Promise.all(pipes);
    },
  };
}
