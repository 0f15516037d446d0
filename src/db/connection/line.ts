import { Buffer } from "node:buffer";
import { connect as openSocket, isIP, type Socket } from "node:net";
import { connect as openTls } from "node:tls";
import { SluiceError } from "../../core/error.ts";
import { CopyReceiver } from "./copy_receiver.ts";
import { hungUp } from "./connect_error.ts";
import { isSocketFolder } from "./connection_url.ts";
import type { ResolvedTarget } from "./resolve_target.ts";

/** How long a server may take to notice that it is told goodbye. */
const GOODBYE_MILLISECONDS = 500;

/** Asks a server to go on encrypted: length 8, code 80877103. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/** The protocol's message type `d`. */
const COPY_DATA = 0x64;

/** The one socket of a connection: never dialled twice, and gone for certain once closed. */
export class Line {
  #socket: Socket | null = null;
  /** What the driver writes to: the socket, or what encrypts on it. */
  #stream: Socket | null = null;
  #closed = false;

  /** Connects, and encrypts where the target says so; what comes back is ready for the login. */
  async dial(target: ResolvedTarget): Promise<Socket> {
    // Where a server hangs up during the login, the driver would dial again for ever.
    if (this.#socket !== null || this.#closed) throw hungUp(target);
    const { host, port } = target;
    const socket = isSocketFolder(host)
      ? openSocket(`${host}/.s.PGSQL.${port}`)
      : openSocket({ host, port, noDelay: true });
    this.#socket = socket;
    await happens(socket, "connect", target);
    // As in libpq, nothing is encrypted on its way to this very machine's socket.
    this.#stream = target.tls === "disable" || isSocketFolder(host)
      ? socket
      : await encrypt(socket, target);
    return this.#stream;
  }

  /**
   * Sends bytes of a copy that the driver has begun, without the copy of them that it would make: of
   * a month, 250 MB of buffers that are written once.
   *
   * @param done called when they are on their way and may change, or with what went wrong
   */
  sendCopyData(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    const header = new Uint8Array(5);
    const view = new DataView(header.buffer);
    view.setUint8(0, COPY_DATA);
    // The length counts itself.
    view.setUint32(1, bytes.length + 4);
    this.#stream!.write(header);
    this.#stream!.write(bytes, done);
  }

  /**
   * Takes the rows of the copies that come from now on, in place of the driver.
   *
   * @param onBytes called when there is something to take
   */
  receiveCopyData(onBytes: () => void): CopyReceiver {
    const stream = this.#stream!;
    const driver = stream.listeners("data") as ((bytes: Uint8Array) => void)[];
    stream.removeAllListeners("data");
    const receiver = new CopyReceiver(
      stream,
      (bytes) => {
        const copy = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        for (const listener of driver) listener.call(stream, copy);
      },
      onBytes,
    );
    stream.on("data", (bytes: Uint8Array) => receiver.push(bytes));
    return receiver;
  }

  /** Closes without a goodbye. */
  cut(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const socket = this.#socket;
    if (socket === null || socket.destroyed) return;
    socket.on("error", () => {});
    const gone = Promise.withResolvers<void>();
    socket.once("close", () => gone.resolve());
    const timer = setTimeout(() => socket.destroy(), GOODBYE_MILLISECONDS);
    if (socket.connecting) socket.destroy();
    await gone.promise;
    clearTimeout(timer);
  }
}

/** Done by hand rather than by the driver, which checks an address as if it were `localhost`. */
async function encrypt(socket: Socket, target: ResolvedTarget): Promise<Socket> {
  const { host, tls, material } = target;
  const answered = happens<Uint8Array>(socket, "data", target);
  socket.write(SSL_REQUEST);
  const answer = await answered;
  // More than one byte would be somebody's who speaks before anything is encrypted.
  const agreed = answer.length === 1 && answer[0] === "S".charCodeAt(0);
  if (!agreed) {
    if (tls === "prefer") return socket;
    throw new SluiceError(
      "db/tls",
      `Could not connect to ${target.describe}: the server offers no encryption`,
      { hint: "Switch it on there, or use sslmode=disable on a network you trust" },
    );
  }
  const secure = openTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(material.root === null ? {} : { ca: material.root }),
    ...(material.certificate === null ? {} : { cert: material.certificate }),
    ...(material.key === null ? {} : { key: material.key }),
    rejectUnauthorized: tls === "verify-ca" || tls === "verify-full",
    ...(tls === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
  });
  await happens(secure, "secureConnect", target);
  return secure;
}

/** Waits for the first event of a kind, unless the socket fails or closes before. */
async function happens<T>(socket: Socket, event: string, target: ResolvedTarget): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onClose = () => reject(hungUp(target));
  socket.once(event, resolve).once("error", reject).once("close", onClose);
  try {
    return await promise;
  } finally {
    socket.off(event, resolve).off("error", reject).off("close", onClose);
  }
}
