/**
 * Starts every server that the tests of transports read from, with the sample data in each, and
 * prints what a pipeline needs to reach them: `deno task servers`. Ctrl-C ends them.
 */
import { answerFile, serveHttp } from "../support/http_server.ts";
import { startAzure } from "./conformance/azure_server.ts";
import { startS3 } from "./conformance/s3_server.ts";
import { startSftp } from "./conformance/sftp_server.ts";

const FILES = new URL("../../fixtures/", import.meta.url);

/** Servers, how a file of the sample data is addressed in each, and the operator's variables. */
export interface Servers extends AsyncDisposable {
  /** Names with their addresses, but for the file's own path. */
  readonly bases: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts them all. */
export async function startServers(): Promise<Servers> {
  await using started = new AsyncDisposableStack();
  const files = readFiles(FILES, "");
  const http = started.use(serveHttp((request) => {
    const body = files.get(decodeURIComponent(request.path.slice(1)));
    return body === undefined ? { status: 404 } : answerFile(request, { body, etag: '"v1"' });
  }));
  const s3 = await startS3();
  if (typeof s3 === "string") throw new Error(s3);
  started.use(s3);
  const azure = started.use(startAzure());
  const sftp = started.use(await startSftp());
  for (const [path, bytes] of files) {
    await s3.put(path, bytes);
    azure.put(path, bytes);
    sftp.put(path, bytes);
  }
  const running = started.move();
  return {
    bases: {
      http: http.origin,
      s3: `s3://${s3.bucket}`,
      gs: `gs://${s3.bucket}`,
      az: "az://trips",
      sftp: `sftp://loader:pass%40word-7@127.0.0.1:${sftp.port}`,
    },
    environment: {
      AWS_ACCESS_KEY_ID: s3.id,
      AWS_SECRET_ACCESS_KEY: s3.secret,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3.port}`,
      GS_ACCESS_KEY_ID: s3.id,
      GS_SECRET_ACCESS_KEY: s3.secret,
      STORAGE_EMULATOR_HOST: `http://127.0.0.1:${s3.port}`,
      AZURE_STORAGE_CONNECTION_STRING:
        `AccountName=${azure.account};AccountKey=${azure.key};BlobEndpoint=${azure.origin}`,
      SFTP_KNOWN_HOSTS: sftp.knownHosts,
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function readFiles(folder: URL, prefix: string): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) {
      for (const [path, bytes] of readFiles(new URL(`${name}/`, folder), `${prefix}${name}/`)) {
        files.set(path, bytes);
      }
    } else if (!name.endsWith(".ts")) {
      files.set(`${prefix}${name}`, Deno.readFileSync(new URL(name, folder)));
    }
  }
  return files;
}

if (import.meta.main) {
  await using servers = await startServers();
  for (const [name, value] of Object.entries(servers.environment)) {
    console.log(`export ${name}='${value}'`);
  }
  for (const base of Object.values(servers.bases)) {
    console.log(`# ${base}/nyc_tlc/yellow_tripdata_{month}.csv.gz`);
  }
  const stopped = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, stopped.resolve);
  }
  await stopped.promise;
}
