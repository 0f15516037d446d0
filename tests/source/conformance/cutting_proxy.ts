/** A way to a server that cuts what it sends, or keeps it. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** The next connection that sends so many bytes ends there. */
  cutAfter(bytes: number): void;
  /** Nothing is passed on any more. */
  stall(): void;
}

/** Opens a proxy to a server on loopback. */
export function cuttingProxy(port: number): CuttingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const work: Promise<void>[] = [];
  let cut: number | null = null;
  let isStalled = false;

  async function forward(client: Deno.Conn): Promise<void> {
    open.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    open.add(server);
    await Promise.all([pass(client, server, false), pass(server, client, true)]);
  }

  async function pass(from: Deno.Conn, to: Deno.Conn, isAnswer: boolean): Promise<void> {
    const bytes = new Uint8Array(1 << 15);
    let passed = 0;
    try {
      for (let count = await from.read(bytes); count !== null; count = await from.read(bytes)) {
        if (isStalled) continue;
        let end = count;
        const ends = isAnswer && cut !== null && passed + count > cut;
        if (ends) end = Math.max(0, cut! - passed);
        for (let at = 0; at < end;) at += await to.write(bytes.subarray(at, end));
        passed += end;
        if (!ends) continue;
        cut = null;
        break;
      }
    } catch {
      // The other side is gone.
    }
    close(from);
    close(to);
  }

  function close(connection: Deno.Conn): void {
    open.delete(connection);
    try {
      connection.close();
    } catch {
      // Closed by the other direction.
    }
  }

  const accepting = (async () => {
    for await (const client of listener) work.push(forward(client));
  })();
  return {
    port: listener.addr.port,
    cutAfter: (bytes) => void (cut = bytes),
    stall: () => void (isStalled = true),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) close(connection);
      await accepting;
      await Promise.all(work);
    },
  };
}
