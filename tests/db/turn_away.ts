/** How a server turns clients away: its own port closed, or open without a session behind it. */
export type Refusal = "starting" | "hangs up" | "refuses";

/** A port in front of a server that can turn clients away. */
export interface Door extends AsyncDisposable {
  /** The server's URL by way of the door. */
  readonly url: string;
  /** Turns away so many clients from now on; open connections stay. */
  turnAway(how: Refusal, times: number): void;
}

/** What a server says that is starting: a FATAL error with SQLSTATE 57P03. */
const STARTING = errorResponse({
  S: "FATAL",
  V: "FATAL",
  C: "57P03",
  M: "the database system is starting up",
});

/** Opens a door to a server. */
export function turnAway(serverUrl: string): Door {
  const server = new URL(serverUrl);
  const address = { hostname: server.hostname, port: Number(server.port) };
  const url = new URL(serverUrl);
  const connections = new Set<Deno.Conn>();
  let how: Refusal = "refuses";
  let times = 0;
  let listener: Deno.TcpListener | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(port: number): void {
    listener = Deno.listen({ hostname: "127.0.0.1", port });
    accept(listener);
  }

  async function accept(listener: Deno.TcpListener): Promise<void> {
    for await (const client of listener) {
      connections.add(client);
      if (times > 0) {
        times--;
        refuse(client, how).catch(() => {});
        continue;
      }
      const behind = await Deno.connect(address);
      connections.add(behind);
      client.readable.pipeTo(behind.writable).catch(() => {});
      behind.readable.pipeTo(client.writable).catch(() => {});
    }
  }

  open(0);
  url.port = String(listener!.addr.port);
  return {
    url: url.href,
    turnAway(newHow, newTimes) {
      how = newHow;
      times = newTimes;
      clearTimeout(timer);
      if (how !== "refuses") return;
      // Nobody counts refused clients: the port is closed for as long as they would take.
      listener?.close();
      listener = null;
      times = 0;
      const reopen = () => open(Number(url.port));
      if (newTimes === 0) reopen();
      else if (newTimes !== Infinity) timer = setTimeout(reopen, 150 * newTimes);
    },
    [Symbol.asyncDispose]() {
      clearTimeout(timer);
      listener?.close();
      for (const connection of connections) {
        try {
          connection.close();
        } catch {
          // Closed by its other end.
        }
      }
      return Promise.resolve();
    },
  };
}

async function refuse(client: Deno.Conn, how: Refusal): Promise<void> {
  if (how === "starting") {
    await client.read(new Uint8Array(1024));
    await client.write(STARTING);
  }
  client.close();
}

function errorResponse(fields: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.entries(fields).map(([name, value]) => `${name}${value}\0`).join("") + "\0";
  const body = new TextEncoder().encode(text);
  const message = new Uint8Array(5 + body.length);
  message[0] = "E".charCodeAt(0);
  new DataView(message.buffer).setInt32(1, 4 + body.length);
  message.set(body, 5);
  return message;
}
