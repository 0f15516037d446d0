import { MessageSplitter } from "./message_splitter.ts";

/** Something a client asked of Postgres: a statement, or a part of a COPY. */
export interface Step {
  /** Counts from 0 over all connections, in the order the proxy saw them. */
  readonly index: number;
  readonly kind: "statement" | "copy_data" | "copy_done";
  /** The statement; of a COPY, the one that began it. */
  readonly sql: string;
  readonly link: Link;
}

/** When a step can be interfered with: it never left, it left, or its answer came and was kept. */
export type Moment = "before" | "sent" | "answered";

/** One client's connection through the proxy. */
export interface Link {
  readonly number: number;
  /** Closes both ends without a word. */
  cut(): void;
  readonly isCut: boolean;
}

/** A proxy in front of a Postgres server: it sees each step, and whoever listens may hold it up. */
export interface PostgresProxy extends AsyncDisposable {
  /** The database's URL, through the proxy. */
  readonly url: string;
  readonly steps: readonly Step[];
  /** Bytes that clients have sent so far. */
  readonly bytesSent: number;
  /** Closes every connection there is now. */
  cutAll(): void;
}

/** What the listener may do. */
export interface ProxyListener {
  /** Called at each moment of each step; the connection waits for what it returns. */
  onStep?(step: Step, moment: Moment): void | Promise<void>;
  /** Cuts the connection that sends this byte (counted over all), right before it; once. */
  readonly cutAtByte?: number;
}

/** Starts a proxy on loopback; the server's URL must be one without TLS. */
export function proxyPostgres(serverUrl: string, listener: ProxyListener = {}): PostgresProxy {
  const server = new URL(serverUrl);
  const sockets = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const links = new Set<ProxyLink>();
  const ends: Promise<void>[] = [];
  const steps: Step[] = [];
  let bytesSent = 0;
  let numbers = 0;

  const shared: Shared = {
    newStep(kind, sql, link) {
      const step = { index: steps.length, kind, sql, link };
      steps.push(step);
      return step;
    },
    onStep: async (step, moment) => await listener.onStep?.(step, moment),
    admit(bytes) {
      const left = (listener.cutAtByte ?? Infinity) - bytesSent;
      bytesSent += bytes;
      return left >= 0 && left < bytes ? left : bytes;
    },
  };

  async function serve(client: Deno.TcpConn): Promise<void> {
    let upstream: Deno.TcpConn;
    try {
      upstream = await Deno.connect({ hostname: server.hostname, port: Number(server.port) });
    } catch (error) {
      // The server is down: that is what the client shall see.
      client.close();
      if (isGone(error)) return;
      throw error;
    }
    const link = new ProxyLink(numbers++, client, upstream, shared);
    links.add(link);
    await link.done;
    links.delete(link);
  }

  const accepting = (async () => {
    for await (const client of sockets) ends.push(serve(client));
  })();

  const url = new URL(serverUrl);
  url.port = String(sockets.addr.port);
  url.searchParams.set("sslmode", "disable");
  return {
    url: url.href,
    steps,
    get bytesSent() {
      return bytesSent;
    },
    cutAll: () => links.forEach((link) => link.cut()),
    async [Symbol.asyncDispose]() {
      sockets.close();
      links.forEach((link) => link.cut());
      await accepting;
      await Promise.all(ends);
    },
  };
}

interface Shared {
  newStep(kind: Step["kind"], sql: string, link: Link): Step;
  onStep(step: Step, moment: Moment): Promise<void>;
  /** How many of these bytes may still pass. */
  admit(bytes: number): number;
}

class ProxyLink implements Link {
  readonly done: Promise<void>;
  #isCut = false;
  /** The step whose answer is on its way. */
  #awaiting: Step | null = null;
  /** Of the extended protocol: parsed, not yet executed. */
  #parsed = "";
  #executing: Step | null = null;
  #copying = "";

  constructor(
    readonly number: number,
    readonly client: Deno.TcpConn,
    readonly upstream: Deno.TcpConn,
    readonly shared: Shared,
  ) {
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    this.done = Promise.all([this.#pumpUp(), this.#pumpDown()]).then(() => {});
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    for (const socket of [this.client, this.upstream]) socket.close();
  }

  /** Client to server: each message is a step, a part of one, or of no interest. */
  async #pumpUp(): Promise<void> {
    const splitter = new MessageSplitter({ startsUntyped: true, streamed: "d" });
    await this.#guard(async () => {
      for await (const chunk of chunksOf(this.client)) {
        const admitted = this.shared.admit(chunk.length);
        for (const piece of splitter.push(chunk.subarray(0, admitted))) {
          const step = this.#stepOf(piece.type, piece.text, piece.first);
          if (step !== null) await this.#tell(step, "before");
          if (piece.type === "B") this.#executing = step;
          // Whoever awaits must be known before the answer can come.
          const sent = piece.type === "S" ? this.#executing : step;
          const complete = piece.last && piece.type !== "B" && sent !== null;
          if (complete && piece.type !== "d") this.#awaiting = sent;
          await this.#write(this.upstream, piece.bytes);
          if (!complete) continue;
          if (piece.type === "S") this.#executing = null;
          await this.#tell(sent, "sent");
        }
        if (admitted < chunk.length) {
          await this.#write(this.upstream, splitter.takeRest());
          this.cut();
        }
      }
    });
  }

  /** Server to client: an answer is kept until whoever listens has had it. */
  async #pumpDown(): Promise<void> {
    const splitter = new MessageSplitter({ startsUntyped: false, streamed: "" });
    let kept: Uint8Array[] = [];
    await this.#guard(async () => {
      for await (const chunk of chunksOf(this.upstream)) {
        for (const { type, bytes } of splitter.push(chunk)) {
          kept.push(bytes);
          const step = this.#awaiting;
          // Z: ready for the next statement; G: go on with the data of the copy.
          if (step !== null && type !== "Z" && type !== "G") continue;
          this.#awaiting = null;
          if (step !== null) await this.#tell(step, "answered");
          for (const message of kept) await this.#write(this.client, message);
          kept = [];
        }
      }
    });
  }

  #stepOf(type: string, text: () => string, first: boolean): Step | null {
    switch (type) {
      case "Q": {
        const sql = text();
        if (/^\s*copy\b/i.test(sql)) this.#copying = sql;
        return this.shared.newStep("statement", sql, this);
      }
      case "P":
        // The name of the prepared statement, empty here, stands before the text.
        this.#parsed = text().split("\0")[1];
        return null;
      case "B":
        return this.shared.newStep("statement", this.#parsed, this);
      case "d":
        return first ? this.shared.newStep("copy_data", this.#copying, this) : null;
      case "c":
        return this.shared.newStep("copy_done", this.#copying, this);
      default:
        return null;
    }
  }

  async #tell(step: Step, moment: Moment): Promise<void> {
    await this.shared.onStep(step, moment);
    if (this.#isCut) throw new Cut();
  }

  async #write(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
  }

  /** However one direction ends, the other one ends as well. */
  async #guard(pump: () => Promise<void>): Promise<void> {
    try {
      await pump();
    } catch (error) {
      if (!(error instanceof Cut) && !isGone(error)) throw error;
    } finally {
      this.cut();
    }
  }
}

class Cut extends Error {}

async function* chunksOf(socket: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  for (;;) {
    const buffer = new Uint8Array(64 * 1024);
    const count = await socket.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotConnected;
}
