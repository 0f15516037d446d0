import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SluiceError } from "../../core/error.ts";

/** A server that listens; disposing ends it, with the requests under way. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
}

/** Milliseconds that a client has for its request's head, and for all of it. */
const HEAD = 5_000;
const WHOLE = 15_000;

/** Milliseconds that a connection is kept for the next request. */
const KEPT = 5_000;

/** Connections open at once: beyond, one that asks for nothing makes room. */
const MOST = 200;

/** Bytes of the longest head. */
const HEAD_BYTES = 16 * 1024;

/**
 * Listens for HTTP.
 *
 * A client that sends nothing, or half of a request, is hung up on: each costs an open file, and
 * without any left no load could open its own.
 *
 * @param port 0: any that is free
 * @throws SluiceError `cli/cannot_listen`
 */
export async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (request: Request) => Promise<Response>,
): Promise<Listening> {
  const open = new Set<Socket>();
  const busy = new Set<Socket>();
  const options = {
    headersTimeout: HEAD,
    requestTimeout: WHOLE,
    keepAliveTimeout: KEPT,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: HEAD_BYTES,
  };
  const server = createServer(options, (incoming, outgoing) => {
    const { socket } = incoming;
    busy.add(socket);
    outgoing.once("close", () => busy.delete(socket));
    void respond(incoming, outgoing, answer);
  });
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      busy.delete(socket);
    });
    socket.on("error", () => socket.destroy());
    if (open.size <= MOST) return;
    // The oldest that asks for nothing; where all ask, whoever comes now.
    const [idle = socket] = [...open].filter((each) => !busy.has(each));
    idle.destroy();
  });
  server.on("clientError", (_error, socket) => {
    if (!socket.writable) return void socket.destroy();
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", () => socket.destroy());
  });
  await begin(server, host, port);
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    origin: `http://${name}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function begin(server: Server, host: string, port: number): Promise<void> {
  const begun = Promise.withResolvers<void>();
  try {
    server.once("error", begun.reject);
    server.listen({ host, port }, () => begun.resolve());
    await begun.promise;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError("cli/cannot_listen", `Cannot listen on ${host}:${port}: ${reason}`, {
      hint: "Choose another --port, or an address of this machine as --host",
      cause,
    });
  }
  server.off("error", begun.reject);
  // A connection that cannot be taken, for want of files, is the client's to try again.
  server.on("error", () => {});
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
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = Object.fromEntries(response.headers);
    // What was not read of a body would be taken for the next request.
    const whole = incoming.complete || incoming.readableEnded;
    outgoing.writeHead(response.status, {
      ...headers,
      "content-length": body.length,
      ...(whole ? {} : { connection: "close" }),
    });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
    if (!whole) outgoing.once("finish", () => incoming.socket.destroy());
  } catch {
    incoming.socket.destroy();
  }
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
        if (!over) controller.error(new Error("The client hung up"));
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
