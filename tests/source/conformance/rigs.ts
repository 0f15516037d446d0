import type { TransportName } from "../../../src/core/transports.ts";
import { startAzure } from "./azure_server.ts";
import { cuttingProxy } from "./cutting_proxy.ts";
import { startS3 } from "./s3_server.ts";
import { startSftp } from "./sftp_server.ts";
import { answerFile, serveHttp } from "../../support/http_server.ts";
import { workspace } from "../../support/pipeline.ts";

/** A file behind a transport, and what can go wrong with it. */
export interface Rig extends AsyncDisposable {
  readonly url: string;
  /** Variables of the operator that the transport needs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Writes the file; what was there is replaced. */
  put(bytes: Uint8Array): Promise<void> | void;
  remove(): Promise<void> | void;
  /** From now on it may not be read; null where this process may read everything. */
  readonly forbid: (() => Promise<void> | void) | null;
  /** The next connection breaks after so many bytes; null where nothing can break. */
  readonly breakAfter: ((bytes: number) => void) | null;
  /** A password or token on the way to the file, which nobody may see; null where there is none. */
  readonly secret: string | null;
  /** A server says nothing more from now on; null where there is none. */
  readonly stall: (() => void) | null;
}

/** Starts what a transport reads from; a reason where that is absent here. */
export type StartRig = () => Promise<Rig | string> | Rig | string;

export const RIGS: Readonly<Record<TransportName, StartRig>> = {
  file: fileRig,
  stdin: () => "a process has one standard input: stdin_test.ts starts some",
  http: httpRig,
  s3: () => storeRig("s3"),
  gs: () => storeRig("gs"),
  az: azureRig,
  sftp: sftpRig,
  postgres: () => "a table is no file of any bytes: postgres_test.ts reads some",
};

function fileRig(): Rig {
  const files = workspace();
  const path = `${files.folder}/things.csv`;
  return {
    url: path,
    environment: {},
    put: (bytes) => files.write("things.csv", bytes),
    remove: () => Deno.removeSync(path),
    forbid: Deno.uid() === 0 || Deno.build.os === "windows"
      ? null
      : () => Deno.chmodSync(path, 0o000),
    breakAfter: null,
    secret: null,
    stall: null,
    [Symbol.asyncDispose]() {
      files[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function httpRig(): Rig {
  let body: Uint8Array | null = null;
  let version = 0;
  let cutAfter: number | null = null;
  let isForbidden = false;
  let isStalled = false;
  const server = serveHttp((request) => {
    if (isStalled) return { stallAfter: -1 };
    if (isForbidden) return { status: 403 };
    if (body === null) return { status: 404 };
    const answer = answerFile(request, { body, etag: `"v${version}"` });
    const cut = cutAfter;
    if (request.method === "HEAD" || cut === null) return answer;
    cutAfter = null;
    return { ...answer, cutAfter: cut };
  });
  return {
    url: `${server.origin.replace("//", "//reader:pass-word-7@")}/things.csv`,
    environment: {},
    put(bytes) {
      body = bytes.slice();
      version++;
    },
    remove: () => void (body = null),
    forbid: () => void (isForbidden = true),
    breakAfter: (bytes) => void (cutAfter = bytes),
    secret: "pass-word-7",
    stall: () => void (isStalled = true),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function storeRig(scheme: "s3" | "gs"): Promise<Rig | string> {
  const store = await startS3();
  if (typeof store === "string") return store;
  const proxy = cuttingProxy(store.port);
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  const environment: Record<string, string> = scheme === "s3"
    ? {
      AWS_ACCESS_KEY_ID: store.id,
      AWS_SECRET_ACCESS_KEY: store.secret,
      AWS_ENDPOINT_URL_S3: endpoint,
    }
    : {
      GS_ACCESS_KEY_ID: store.id,
      GS_SECRET_ACCESS_KEY: store.secret,
      STORAGE_EMULATOR_HOST: endpoint,
    };
  const key = "a folder/things+1 (é).csv";
  return {
    url: `${scheme}://${store.bucket}/${key}`,
    environment,
    put: (bytes) => store.put(key, bytes),
    remove: () => store.remove(key),
    forbid() {
      const name = scheme === "s3" ? "AWS_ACCESS_KEY_ID" : "GS_ACCESS_KEY_ID";
      environment[name] = "NOBODY";
    },
    breakAfter: (bytes) => proxy.cutAfter(bytes + 400),
    secret: store.secret,
    stall: () => proxy.stall(),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function azureRig(): Rig {
  const store = startAzure();
  const name = "a folder/things+1 (é).csv";
  const environment: Record<string, string> = {
    AZURE_STORAGE_CONNECTION_STRING: `AccountName=${store.account};AccountKey=${store.key};` +
      `BlobEndpoint=${store.origin}/`,
  };
  return {
    url: `az://trips/${name}`,
    environment,
    put: (bytes) => store.put(name, bytes),
    remove: () => void store.blobs.delete(name),
    forbid: () => void (environment.AZURE_STORAGE_KEY = btoa("another key")),
    breakAfter(bytes) {
      store.intercept = (request) => {
        if (request.method === "HEAD") return null;
        store.intercept = null;
        return { ...answerFile(request, store.blobs.get(name)!), cutAfter: bytes };
      };
    },
    secret: store.key,
    stall: () => void (store.intercept = () => ({ stallAfter: -1 })),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function sftpRig(): Promise<Rig> {
  const server = await startSftp();
  const proxy = cuttingProxy(server.port);
  const path = "a folder/things+1 (é).csv";
  server.know(proxy.port);
  return {
    url: `sftp://loader:pass%40word-7@127.0.0.1:${proxy.port}/${path}`,
    environment: { SFTP_KNOWN_HOSTS: server.knownHosts },
    put: (bytes) => server.put(path, bytes),
    remove: () => server.remove(path),
    forbid: () => server.forbid(),
    // Behind what the two say to each other first.
    breakAfter: (bytes) => proxy.cutAfter(bytes + 4000),
    secret: "word-7",
    stall: () => proxy.stall(),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
