import { Buffer } from "node:buffer";
import { SluiceError } from "../../core/error.ts";
import type { SourceContext } from "../context.ts";
import type { Location } from "../location.ts";
import { fingerprint, knownKeys } from "./known_hosts.ts";

/** What a server tells of a file. */
export interface SftpStat {
  readonly size: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

type Callback<T> = (error: SftpError | undefined, value: T) => void;

/** What is used of the package, which has no types of its own. */
interface Sftp {
  open(path: string, flags: "r", done: Callback<Uint8Array>): void;
  stat(path: string, done: Callback<SftpStat>): void;
  fstat(handle: Uint8Array, done: Callback<SftpStat>): void;
  read(
    handle: Uint8Array,
    into: Buffer,
    offset: number,
    length: number,
    position: number,
    done: Callback<number>,
  ): void;
  readdir(
    path: string,
    done: Callback<
      readonly { filename: string; attrs: SftpStat & { isSymbolicLink(): boolean } }[]
    >,
  ): void;
}

interface SftpError extends Error {
  /** Of SFTP, or a word of the system. */
  readonly code?: number | string;
  readonly level?: string;
}

interface Client {
  on(event: string, heard: (value: unknown) => void): void;
  connect(settings: object): void;
  sftp(done: Callback<Sftp>): void;
  end(): void;
  destroy(): void;
}

/** Where a file is on which server. */
export interface SftpAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly path: string;
}

/** Reads `sftp://user@host:port/path`; `/~/` begins where the user's own folder is. */
export function sftpAddress({ href, shown }: Location): SftpAddress {
  const url = URL.parse(href);
  if (url === null || url.hostname === "" || url.pathname.length < 2) {
    throw new SluiceError("source/bad_url", `"${shown}" names no file of a server`, {
      hint: "An address is written such as sftp://user@host/folder/2021-01.csv.gz",
    });
  }
  const path = decode(href.replace(/^[a-z]+:\/\/[^/]*/i, ""));
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 22 : Number(url.port),
    user: decode(url.username),
    password: url.password === "" ? null : decode(url.password),
    path: path.startsWith("/~/") ? path.slice(3) : path,
  };
}

/** Escapes are undone where they are some. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A connection to a server whose key is known. */
export class SftpSession implements Disposable {
  #failure: unknown = null;
  /** Ends what is waited for. */
  readonly #waiting = new Set<(error: unknown) => void>();
  #sftp!: Sftp;
  readonly #client: Client;
  readonly #address: SftpAddress;
  readonly #shown: string;
  readonly #timeoutSeconds: number;
  readonly #context: SourceContext;
  readonly #onAbort = () => this.#break(this.#context.signal.reason);

  /** Use {@link SftpSession.open}. */
  private constructor(
    client: Client,
    location: Location,
    timeoutSeconds: number,
    context: SourceContext,
  ) {
    this.#client = client;
    this.#address = sftpAddress(location);
    this.#shown = location.shown;
    this.#timeoutSeconds = timeoutSeconds;
    this.#context = context;
  }

  /** @throws SluiceError `source/unknown_host`, `source/forbidden`, `source/unreachable` … */
  static async open(
    location: Location,
    timeoutSeconds: number,
    context: SourceContext,
  ): Promise<SftpSession> {
    // It takes longer to read than all of a run that has nothing to do.
    const { default: ssh2 } = await import("ssh2");
    const client = new (ssh2 as unknown as { Client: new () => Client }).Client();
    const session = new SftpSession(client, location, timeoutSeconds, context);
    try {
      await session.#connect();
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
    return session;
  }

  stat(path: string): Promise<SftpStat> {
    return this.#ask((done) => this.#sftp.stat(path, done));
  }

  openFile(path: string): Promise<Uint8Array> {
    return this.#ask((done) => this.#sftp.open(path, "r", done));
  }

  statFile(handle: Uint8Array): Promise<SftpStat> {
    return this.#ask((done) => this.#sftp.fstat(handle, done));
  }

  /** Names and kinds of what is in a folder. */
  readFolder(
    path: string,
  ): Promise<readonly { filename: string; attrs: SftpStat & { isSymbolicLink(): boolean } }[]> {
    return this.#ask((done) => this.#sftp.readdir(path, done));
  }

  /** Exactly these bytes of a file, fewer only at its end. */
  async read(handle: Uint8Array, position: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const count = await this.#ask<number>((done) =>
        this.#sftp.read(
          handle,
          bytes,
          filled,
          length - filled,
          position + filled,
          (error, count) => error?.code === END_OF_FILE ? done(undefined, 0) : done(error, count),
        )
      );
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  [Symbol.dispose](): void {
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#break(new DOMException("The connection was given up", "AbortError"));
    this.#client.end();
    this.#client.destroy();
  }

  async #connect(): Promise<void> {
    const { signal, secrets } = this.#context;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    const { host, port, user, password } = this.#address;
    const home = secrets.setting("HOME") ?? secrets.setting("USERPROFILE");
    const hosts = secrets.setting("SFTP_KNOWN_HOSTS") ??
      (home === null ? null : `${home}/.ssh/known_hosts`);
    const keys = knownKeys(await textOf(hosts) ?? "", host, port);
    const types = [...new Set(keys.filter(({ revoked }) => !revoked).map(({ type }) => type))];
    const privateKey = password === null ? await this.#privateKey(home) : null;
    let refusal: SluiceError | null = null;
    await this.#ask<unknown>((done) => {
      this.#client.on("ready", () => done(undefined, null));
      this.#client.on("error", (error) => {
        this.#break(refusal ?? this.#explain(error as SftpError));
        done(error as SftpError, null);
      });
      this.#client.on("close", () => this.#break(this.#gone()));
      this.#client.connect({
        host,
        port,
        username: user,
        ...(password === null ? {} : { password, tryKeyboard: false }),
        ...(privateKey === null ? {} : {
          privateKey,
          ...(secrets.setting("SFTP_PASSPHRASE") === null
            ? {}
            : { passphrase: secrets.reveal("${SFTP_PASSPHRASE}") }),
        }),
        readyTimeout: this.#timeoutSeconds * 1000,
        keepaliveInterval: 15_000,
        // A key of another type than the known one would be taken for a stranger's.
        ...(types.length === 0 ? {} : { algorithms: { serverHostKey: types.flatMap(algorithms) } }),
        hostVerifier: (key: Uint8Array) => {
          refusal = this.#refuseHost(key, keys, hosts);
          return refusal === null;
        },
      });
    });
    this.#sftp = await this.#ask<Sftp>((done) => this.#client.sftp(done));
  }

  #refuseHost(
    key: Uint8Array,
    known: readonly { key: string; revoked: boolean }[],
    file: string | null,
  ): SluiceError | null {
    const { host, port } = this.#address;
    const same = known.filter((each) => each.key === Buffer.from(key).toString("base64"));
    if (same.some(({ revoked }) => !revoked) && !same.some(({ revoked }) => revoked)) return null;
    const print = fingerprint(key);
    const where = file ?? "the file that SFTP_KNOWN_HOSTS names";
    return known.length === 0
      ? new SluiceError(
        "source/unknown_host",
        `The host of "${this.#shown}" is not known: its key is ${print}`,
        {
          hint: `If that is its fingerprint, add it: ssh-keyscan -p ${port} ${host} >> ${where}`,
          details: { fingerprint: print },
        },
      )
      : new SluiceError(
        "source/host_key_changed",
        `The host of "${this.#shown}" has another key than the known one: ${print}`,
        {
          hint: `Somebody may be in between; if its key was changed, correct it in ${where}`,
          details: { fingerprint: print },
        },
      );
  }

  /** The key that the operator names, or one with the usual name; null: there is none. */
  async #privateKey(home: string | null): Promise<string | null> {
    const named = this.#context.secrets.setting("SFTP_PRIVATE_KEY");
    if (named !== null) {
      const text = await textOf(named);
      if (text !== null) return text;
      throw new SluiceError("source/forbidden", `SFTP_PRIVATE_KEY names no file that can be read`, {
        hint: "It is the path of a private key, such as /home/loader/.ssh/id_ed25519",
      });
    }
    for (const name of ["id_ed25519", "id_ecdsa", "id_rsa"]) {
      const text = home === null ? null : await textOf(`${home}/.ssh/${name}`);
      if (text !== null) return text;
    }
    return null;
  }

  /** Waits for an answer, no longer than the source's timeout. */
  #ask<T>(question: (done: Callback<T>) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#waiting.add(reject);
    const timer = setTimeout(() => this.#break(this.#late()), this.#timeoutSeconds * 1000);
    try {
      question((error, value) => {
        if (error === undefined || error === null) resolve(value);
        else reject(this.#failure ?? this.#explain(error));
      });
    } catch (error) {
      // A key that cannot be read is told so.
      reject(this.#explain(error as SftpError));
    }
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(reject);
    });
  }

  /** Ends all that is waited for, and what follows. */
  #break(error: unknown): void {
    this.#failure ??= error;
    for (const reject of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }

  #late(): SluiceError {
    return new SluiceError(
      "source/timeout",
      `"${this.#shown}" did not answer for ${this.#timeoutSeconds} s`,
      { retry: "later", hint: "Raise `timeout` in the source if the server is this slow" },
    );
  }

  #gone(): SluiceError {
    return new SluiceError("source/unreachable", `The connection to "${this.#shown}" broke`, {
      retry: "later",
      hint: "Check the network and the server; `source.retries` says how often it is tried",
    });
  }

  #explain(error: SftpError): SluiceError {
    const shown = this.#shown;
    const detail = this.#context.secrets.redact(error.message);
    if (error.code === NO_SUCH_FILE) {
      return new SluiceError("source/not_found", `There is no file "${shown}"`, {
        hint: "Check the path; one from the user's own folder begins with /~/",
      });
    }
    if (error.code === PERMISSION_DENIED) {
      return new SluiceError("source/permission_denied", `No permission to read "${shown}"`, {
        hint: "Check the owner and the mode of the file on the server",
      });
    }
    if (error.level === "client-authentication") {
      return new SluiceError("source/forbidden", `"${shown}" lets nobody in: ${detail}`, {
        hint: "Put the password into the address as ${NAME}, or a key into SFTP_PRIVATE_KEY",
      });
    }
    if (error.level === "client-timeout") return this.#late();
    if (/privateKey|passphrase|encrypted/i.test(detail)) {
      return new SluiceError("source/forbidden", `The private key cannot be used: ${detail}`, {
        hint: "SFTP_PRIVATE_KEY names a key of OpenSSH; SFTP_PASSPHRASE is its passphrase",
      });
    }
    return new SluiceError("source/unreachable", `The connection to "${shown}" failed: ${detail}`, {
      retry: "later",
      hint: "Check the host's name and the network; `source.retries` says how often it is tried",
    });
  }
}

const END_OF_FILE = 1;
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;

/** What may sign with a key of this type. */
function algorithms(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}

async function textOf(path: string | null): Promise<string | null> {
  if (path === null) return null;
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null;
  }
}
