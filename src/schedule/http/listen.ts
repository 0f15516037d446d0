import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { SluiceError } from "../../core/error.ts";

/** A server that listens; disposing ends it, with the requests under way. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
}

/** Milliseconds that a client has for its request's head, for all of it, and to take the answer. */
const HEAD = 5_000;
const WHOLE = 15_000;
const TAKE = 15_000;

/** Connections open at once: beyond, one that has asked for nothing yet makes room. */
const MOST = 200;

/** As many are kept where files are few. */
const LEAST = 8;

/** Bytes of the longest head. */
const HEAD_BYTES = 16 * 1024;

/** Milliseconds before the next try where no connection can be taken. */
const PAUSE = 50;

/**
 * Listens for HTTP, a connection for each request.
 *
 * A client that sends nothing, or half of a request, is hung up on: each costs an open file, and
 * without any left no load could open its own. The runtime's own servers set no such limits, and
 * stop to listen for good, or end the process, once there is no file left.
 *
 * @param port 0: any that is free
 * @throws SluiceError `cli/cannot_listen`
 */
export function listen(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (request: Request) => Promise<Response>,
): Listening {
  const listener = openListener(host, port);
  const connections = new Set<Connection>();
  const server = createServer({ maxHeaderSize: HEAD_BYTES }, (incoming, outgoing) => {
    const connection = [...connections].find(({ socket }) => socket === incoming.socket);
    connection?.asks(incoming, outgoing);
    void respond(incoming, outgoing, answer);
  });
  server.on("clientError", (_error, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  let most = MOST;
  /** Hangs up on those that have waited longest. */
  const makeRoom = (room: number) => {
    for (const connection of connections) {
      if (connections.size + room <= most) return;
      if (!connection.busy) connection.end();
    }
  };
  const stop = new AbortController();
  const accepting = accept(listener, stop.signal, (conn) => {
    makeRoom(1);
    const connection = new Connection(conn, () => connections.delete(connection));
    if (connections.size >= most) return connection.end();
    connections.add(connection);
    server.emit("connection", connection.socket);
  }, () => {
    // Loads need files too: this process may have fewer than was thought.
    most = Math.max(LEAST, Math.floor(connections.size / 2));
    makeRoom(0);
  });
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    origin: `http://${name}:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      stop.abort();
      listener.close();
      for (const connection of connections) connection.end();
      await accepting;
    },
  };
}

/** One client, with a limit to whatever it is waited for. */
class Connection {
  readonly socket: Duplex;
  /** Whether it has asked for something. */
  busy = false;
  readonly #conn: Deno.TcpConn;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #ended = false;

  constructor(conn: Deno.TcpConn, onEnd: () => void) {
    this.#conn = conn;
    this.#onEnd = onEnd;
    this.#timer = setTimeout(() => this.end(), HEAD);
    const { readable, writable } = conn;
    this.socket = Duplex.fromWeb({ readable, writable } as Parameters<typeof Duplex.fromWeb>[0]);
    // It hangs up, or is hung up on: there is nobody to tell.
    this.socket.on("error", () => {});
    this.socket.once("close", () => this.end());
  }

  asks(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.busy = true;
    this.#wait(WHOLE);
    incoming.once("end", () => clearTimeout(this.#timer));
    // As soon as there is an answer, nothing is waited for but that it is taken.
    outgoing.once("finish", () => {
      this.#wait(TAKE);
      this.socket.end();
    });
    outgoing.once("close", () => this.#wait(TAKE));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.socket.destroy();
    try {
      this.#conn.close();
    } catch {
      // Closed with its stream.
    }
    this.#onEnd();
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#timer = setTimeout(() => this.end(), milliseconds);
  }
}

/** Takes connections until the signal aborts, whatever fails meanwhile. */
async function accept(
  listener: Deno.TcpListener,
  stop: AbortSignal,
  onConnection: (conn: Deno.TcpConn) => void,
  /** Called where there is no file left for one more. */
  onShortage: () => void,
): Promise<void> {
  while (!stop.aborted) {
    try {
      onConnection(await listener.accept());
    } catch {
      if (stop.aborted) return;
      onShortage();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

function openListener(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError("cli/cannot_listen", `Cannot listen on ${hostname}:${port}: ${reason}`, {
      hint: "Choose another --port, or an address of this machine as --host",
      cause,
    });
  }
}

/** Passes a request on, and its answer back; never throws. */
async function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  // A client that hangs up.
  incoming.on("error", () => {});
  outgoing.on("error", () => {});
  try {
    const request = requestOf(incoming);
    if (request === null) {
      outgoing.writeHead(400, { connection: "close" }).end();
      return;
    }
    const response = await answer(request);
    const headers = Object.fromEntries(response.headers);
    if (isStream(headers["content-type"]) && incoming.method !== "HEAD") {
      // Its end is told once it is read, and until then the time for all of a request runs.
      incoming.resume();
      outgoing.writeHead(response.status, { ...headers, connection: "close" });
      await pour(response.body!, outgoing);
      return;
    }
    const body = new Uint8Array(await response.arrayBuffer());
    outgoing.writeHead(response.status, {
      ...headers,
      "content-length": body.length,
      connection: "close",
    });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  } catch {
    incoming.socket.destroy();
  }
}

/** Answers that are sent while they are made: their length is not known, and they are not held. */
function isStream(type = ""): boolean {
  return /^text\/(event-stream|csv)\b/.test(type);
}

/** Sends a body piece by piece, each as soon as the client has taken the one before. */
async function pour(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  outgoing.once("close", () => {
    gone.reject(new Error("The client has gone"));
    // Whoever makes the pieces may wait for long: it stops as soon as nobody reads them.
    void reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await Promise.race([gone.promise, taken(outgoing, value)]);
    }
    outgoing.end();
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Resolves when the client has taken a piece; rejects where it does not in time. */
function taken(outgoing: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("The client takes nothing")), TAKE);
    outgoing.write(piece, (error) => {
      clearTimeout(late);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Null where it names no address. */
function requestOf(incoming: IncomingMessage): Request | null {
  const { method = "GET", url = "/", headers, rawHeaders } = incoming;
  try {
    const given = new Headers();
    for (let at = 0; at < rawHeaders.length; at += 2) {
      given.append(rawHeaders[at], rawHeaders[at + 1]);
    }
    // Two slashes at the start are a path, not another host.
    const target = url.startsWith("/") ? `http://${headers.host ?? "localhost"}${url}` : url;
    const hasBody = method !== "GET" && method !== "HEAD";
    const body = hasBody ? bodyOf(incoming) : null;
    return new Request(target, { method, headers: given, body });
  } catch {
    return null;
  }
}

/** A body that may be left unread: the connection stays, for the answer. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  let over = false;
  return new ReadableStream({
    start(controller) {
      incoming.pause();
      incoming.on("data", (piece: Uint8Array<ArrayBuffer>) => {
        incoming.pause();
        if (!over) controller.enqueue(new Uint8Array(piece));
      });
      incoming.on("end", () => {
        if (!over) controller.close();
        over = true;
      });
      incoming.on("close", () => {
        if (!over) controller.error(new Error("The client disconnected"));
        over = true;
      });
    },
    pull: () => void incoming.resume(),
    cancel() {
      over = true;
      incoming.pause();
    },
  });
}
