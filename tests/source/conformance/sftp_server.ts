import { Buffer } from "node:buffer";
import ssh2 from "ssh2";

/** An SFTP server of the test's own, whose files lie in a folder. */
export interface SftpServer extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** A `known_hosts` file, with the server's key for its own port. */
  readonly knownHosts: string;
  /** The server's public key: its type and base64. */
  readonly hostKey: string;
  /** A private key that it takes, in a file. */
  readonly userKey: string;
  /** Adds its key for another port. */
  know(port: number): void;
  /** @param time of its last change, seconds since 1970; another one for each file when left out */
  put(path: string, bytes: Uint8Array, time?: number): void;
  remove(path: string): void;
  /** From now on no file may be opened. */
  forbid(): void;
}

// deno-lint-ignore no-explicit-any
const { Server, utils } = ssh2 as any;
const { STATUS_CODE } = utils.sftp;

/**
 * A pair of keys, the private one as OpenSSH writes it.
 *
 * ssh2 now and then makes one that it cannot read itself: where it leaves out a zero in front.
 */
function keyPair(): { readonly public: string; readonly private: string } {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    const isRead = [pair.public, pair.private].every((key) =>
      !(utils.parseKey(key) instanceof Error)
    );
    if (isRead) return pair;
  }
}

/** Takes the user `loader` with the password `pass@word-7`, or with the key. */
export async function startSftp(): Promise<SftpServer> {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-test-" });
  const host = keyPair();
  const user = keyPair();
  const hostKey = host.public.split(" ").slice(0, 2).join(" ");
  const knownHosts = `${folder}/known_hosts`;
  const userKey = `${folder}/id`;
  Deno.writeTextFileSync(userKey, user.private, { mode: 0o600 });
  Deno.mkdirSync(`${folder}/files`);
  const local = (path: string) => `${folder}/files/${path.replace(/^\/+/, "")}`;
  const clients = new Set<{ end(): void }>();
  let isForbidden = false;
  let puts = 0;

  // deno-lint-ignore no-explicit-any
  const server = new Server({ hostKeys: [host.private] }, (client: any) => {
    clients.add(client);
    client.on("error", () => {});
    client.on("close", () => clients.delete(client));
    // deno-lint-ignore no-explicit-any
    client.on("authentication", (context: any) => {
      const known = utils.parseKey(user.public);
      const isKey = context.method === "publickey" &&
        context.key.data.equals(known.getPublicSSH()) &&
        (context.signature === undefined ||
          known.verify(context.blob, context.signature, context.hashAlgo) === true);
      const isPassword = context.method === "password" && context.password === "pass@word-7";
      if (context.username === "loader" && (isKey || isPassword)) context.accept();
      else context.reject(["publickey", "password"]);
    });
    // deno-lint-ignore no-explicit-any
    client.on("session", (accept: any) => {
      // deno-lint-ignore no-explicit-any
      accept().on("sftp", (accept: any) => serveFiles(accept()));
    });
  });

  // deno-lint-ignore no-explicit-any
  function serveFiles(sftp: any): void {
    const handles = new Map<number, Deno.FsFile | string[]>();
    let next = 0;
    const status = (id: number, error: unknown) =>
      sftp.status(
        id,
        error instanceof Deno.errors.NotFound ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE,
      );
    const handleOf = (handle: Uint8Array) =>
      new DataView(handle.buffer, handle.byteOffset).getUint32(0);
    const answer = (id: number, value: Deno.FsFile | string[]) => {
      handles.set(next, value);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(next++);
      sftp.handle(id, handle);
    };
    const attributes = (info: Deno.FileInfo) => ({
      mode: (info.isDirectory ? 0o040000 : 0o100000) | 0o644,
      size: info.size,
      uid: 0,
      gid: 0,
      atime: 0,
      mtime: Math.floor(info.mtime!.getTime() / 1000),
    });
    const stat = (id: number, path: string) => {
      try {
        sftp.attrs(id, attributes(Deno.statSync(local(path))));
      } catch (error) {
        status(id, error);
      }
    };
    sftp.on("STAT", stat);
    sftp.on("LSTAT", stat);
    sftp.on("OPEN", (id: number, path: string) => {
      if (isForbidden) return sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
      try {
        answer(id, Deno.openSync(local(path)));
      } catch (error) {
        status(id, error);
      }
    });
    sftp.on(
      "FSTAT",
      (id: number, handle: Uint8Array) =>
        sftp.attrs(id, attributes((handles.get(handleOf(handle)) as Deno.FsFile).statSync())),
    );
    sftp.on("READ", (id: number, handle: Uint8Array, offset: number, length: number) => {
      const file = handles.get(handleOf(handle)) as Deno.FsFile;
      // Servers may send less than was asked for.
      const bytes = Buffer.alloc(Math.min(length, 30_000));
      file.seekSync(offset, Deno.SeekMode.Start);
      const count = file.readSync(bytes);
      if (count === null) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, bytes.subarray(0, count));
    });
    sftp.on("OPENDIR", (id: number, path: string) => {
      try {
        answer(id, [...Deno.readDirSync(local(path))].map(({ name }) => `${path}/${name}`));
      } catch (error) {
        status(id, error);
      }
    });
    sftp.on("READDIR", (id: number, handle: Uint8Array) => {
      const paths = handles.get(handleOf(handle)) as string[];
      if (paths.length === 0) return sftp.status(id, STATUS_CODE.EOF);
      sftp.name(
        id,
        paths.splice(0).map((path) => ({
          filename: path.slice(path.lastIndexOf("/") + 1),
          longname: path,
          attrs: attributes(Deno.statSync(local(path))),
        })),
      );
    });
    sftp.on("CLOSE", (id: number, handle: Uint8Array) => {
      close(handles.get(handleOf(handle)));
      handles.delete(handleOf(handle));
      sftp.status(id, STATUS_CODE.OK);
    });
    sftp.on("close", () => handles.forEach(close));
  }

  const close = (open: Deno.FsFile | string[] | undefined) => {
    if (open instanceof Deno.FsFile) open.close();
  };
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  const know = (port: number) =>
    Deno.writeTextFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`, { append: true });
  know(port);
  return {
    port,
    folder,
    knownHosts,
    hostKey,
    userKey,
    know,
    put(path, bytes, time = 1_600_000_000 + puts++) {
      Deno.mkdirSync(local(path).replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeFileSync(local(path), bytes);
      Deno.utimeSync(local(path), time, time);
    },
    remove: (path) => Deno.removeSync(local(path)),
    forbid: () => void (isForbidden = true),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end();
      await new Promise((done) => server.close(done));
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
