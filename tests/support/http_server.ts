/** One request as the server received it. Header names are in lower case. */
export interface ServedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server sends. `content-length` is the body's unless `headers` says otherwise. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Close the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Send nothing more after this many bytes of the body, and keep the connection; -1: no answer at all. */
  readonly stallAfter?: number;
  /** After a stall the rest of the body is sent when this resolves. */
  readonly goOn?: Promise<void>;
  /** Send the body with chunked encoding, without a length. */
  readonly chunked?: boolean;
  /** Bytes per write; 64 KiB when left out. */
  readonly step?: number;
}

/** A server on loopback that does what a test tells it to. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string;
  readonly requests: readonly ServedRequest[];
}

/** Starts a server; `answer` gets each request and its number, from 0. */
export function serveHttp(
  answer: (request: ServedRequest, index: number) => Answer | Promise<Answer>,
): TestServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: ServedRequest[] = [];
  const open = new Set<Deno.Conn>();
  const exchanges: Promise<void>[] = [];

  async function exchange(connection: Deno.Conn): Promise<void> {
    try {
      const request = await readRequest(connection);
      if (request === null) return;
      requests.push(request);
      const index = requests.length - 1;
      await writeAnswer(connection, request, await answer(request, index));
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      open.delete(connection);
      try {
        connection.close();
      } catch {
        // Closed by the end of the test.
      }
    }
  }

  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      exchanges.push(exchange(connection));
    }
  })();

  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) connection.close();
      await accepting;
      await Promise.all(exchanges);
    },
  };
}

/** A file and how a server identifies it. */
export interface ServedFile {
  readonly body: Uint8Array;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers as a good file server does: HEAD, `Range` of one part of any kind, and `If-Range`. */
export function answerFile({ method, headers }: ServedRequest, file: ServedFile): Answer {
  const { body, etag, lastModified } = file;
  const facts: Record<string, string> = { "accept-ranges": "bytes", ...file.headers };
  if (etag !== undefined) facts.etag = etag;
  if (lastModified !== undefined) facts["last-modified"] = lastModified;
  if (method === "HEAD") {
    return { headers: { ...facts, "content-length": String(body.length) } };
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "");
  const condition = headers["if-range"];
  const applies = range !== null && range[0] !== "bytes=-" &&
    (condition === undefined || condition === etag || condition === lastModified);
  if (!applies) return { headers: facts, body };
  const [, first, last] = range;
  const from = first === "" ? Math.max(0, body.length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? body.length : Math.min(body.length, Number(last) + 1);
  if (from >= to) {
    return { status: 416, headers: { ...facts, "content-range": `bytes */${body.length}` } };
  }
  return {
    status: 206,
    headers: { ...facts, "content-range": `bytes ${from}-${to - 1}/${body.length}` },
    body: body.subarray(from, to),
  };
}

async function readRequest(connection: Deno.Conn): Promise<ServedRequest | null> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  const [first, ...lines] = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n");
  const [method, path] = first.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, path, headers };
}

async function writeAnswer(
  connection: Deno.Conn,
  { method }: ServedRequest,
  answer: Answer,
): Promise<void> {
  const { status = 200, body = new Uint8Array(0), chunked = false, step = 64 * 1024 } = answer;
  if (answer.stallAfter === -1) return await untilClosed(connection);
  const length = chunked
    ? { "transfer-encoding": "chunked" }
    : { "content-length": String(body.length) };
  const headers = { connection: "close", ...length, ...answer.headers };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await write(connection, new TextEncoder().encode(`HTTP/1.1 ${status} Status\r\n${head}\r\n`));
  if (method === "HEAD") return;
  const end = Math.min(body.length, answer.cutAfter ?? Infinity, answer.stallAfter ?? Infinity);
  for (let at = 0; at < end; at += step) {
    const part = body.subarray(at, Math.min(at + step, end));
    if (chunked) {
      await write(connection, new TextEncoder().encode(`${part.length.toString(16)}\r\n`));
    }
    await write(connection, part);
    if (chunked) await write(connection, new TextEncoder().encode("\r\n"));
  }
  if (answer.stallAfter !== undefined && answer.goOn !== undefined) {
    await answer.goOn;
    return await write(connection, body.subarray(end));
  }
  if (answer.stallAfter !== undefined) return await untilClosed(connection);
  if (chunked && answer.cutAfter === undefined) {
    await write(connection, new TextEncoder().encode("0\r\n\r\n"));
  }
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function untilClosed(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await connection.read(buffer) !== null);
}

/** The other side, or the end of the test, closed the connection. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionAborted;
}
