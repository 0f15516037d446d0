import { createHmac } from "node:crypto";
import {
  type Answer,
  answerFile,
  type ServedRequest,
  serveHttp,
} from "../../support/http_server.ts";

/** Blobs as Azure answers for them; what proves who asks is checked here, by nothing of ours. */
export interface AzureServer extends AsyncDisposable {
  readonly origin: string;
  readonly requests: readonly ServedRequest[];
  readonly account: string;
  readonly key: string;
  readonly sas: string;
  readonly blobs: Map<string, { readonly body: Uint8Array; readonly etag: string }>;
  put(name: string, body: Uint8Array): void;
  /** Answers the next requests in place of the store. */
  intercept: ((request: ServedRequest) => Answer | null) | null;
}

/** A page of a listing has so many blobs. */
const PAGE = 10;

/** Starts a server with the container `trips`; blobs may be read by the key, or by the SAS. */
export function startAzure(): AzureServer {
  const account = "sluicetest";
  const key = createHmac("sha512", "sluice").update("test").digest("base64");
  const sas = "sv=2021-08-06&sp=rl&sig=aVery%2BSecret%2FSignature%3D";
  const blobs: AzureServer["blobs"] = new Map();
  let version = 0;
  const server = serveHttp((request) => {
    const intercepted = state.intercept?.(request) ?? null;
    if (intercepted !== null) return intercepted;
    const url = new URL(request.path, "http://store");
    const isKnown = request.headers.authorization !== undefined
      ? request.headers.authorization === `SharedKey ${account}:${signature(request, account, key)}`
      : url.search.includes(sas);
    if (!isKnown) {
      return { status: 403, headers: { "x-ms-error-code": "AuthenticationFailed" } };
    }
    if (url.searchParams.get("comp") === "list") return list(url.searchParams, blobs);
    const name = decodeURIComponent(url.pathname.replace(/^\/[^/]+\//, ""));
    const blob = blobs.get(name);
    if (blob === undefined) return { status: 404, headers: { "x-ms-error-code": "BlobNotFound" } };
    // It knows no If-Range.
    const { "if-range": _, ...headers } = request.headers;
    return answerFile({ ...request, headers }, blob);
  });
  const state: AzureServer = {
    origin: server.origin,
    requests: server.requests,
    account,
    key,
    sas,
    blobs,
    put: (name, body) => void blobs.set(name, { body: body.slice(), etag: `"0x8D${++version}"` }),
    intercept: null,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return state;
}

/** The string to sign of Azure's page "Authorize with Shared Key", for version 2021-08-06. */
function signature({ method, path, headers }: ServedRequest, account: string, key: string) {
  const url = new URL(path, "http://store");
  const of = (name: string) => headers[name] ?? "";
  const own = Object.keys(headers).filter((name) => name.startsWith("x-ms-")).sort()
    .map((name) => `${name}:${headers[name]}\n`).join("");
  const query = [...new Set([...url.searchParams.keys()])].sort()
    .map((name) => `\n${name.toLowerCase()}:${url.searchParams.getAll(name).sort().join(",")}`)
    .join("");
  const length = of("content-length") === "0" ? "" : of("content-length");
  const text = `${method}\n${of("content-encoding")}\n${of("content-language")}\n${length}\n` +
    `${of("content-md5")}\n${of("content-type")}\n${of("date")}\n${of("if-modified-since")}\n` +
    `${of("if-match")}\n${of("if-none-match")}\n${of("if-unmodified-since")}\n${of("range")}\n` +
    `${own}/${account}${path.split("?")[0]}${query}`;
  return createHmac("sha256", new Uint8Array(atob(key).split("").map((c) => c.charCodeAt(0))))
    .update(text, "utf8").digest("base64");
}

function list(query: URLSearchParams, blobs: AzureServer["blobs"]): Answer {
  const xml = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const names = [...blobs.keys()].filter((name) => name.startsWith(query.get("prefix") ?? ""))
    .sort();
  const from = Number(query.get("marker")?.replace(/^.*!/, "") ?? 0);
  const page = names.slice(from, from + PAGE).map((name) => {
    const { body, etag } = blobs.get(name)!;
    return `<Blob><Name>${xml(name)}</Name><Properties><Etag>${etag.slice(1, -1)}</Etag>` +
      `<Content-Length>${body.length}</Content-Length><ResourceType>file</ResourceType>` +
      "</Properties></Blob>";
  });
  const next = from + PAGE < names.length ? `2!/+= !${from + PAGE}` : "";
  const text = '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults>' +
    `<Blobs>${page.join("")}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
  return { headers: { "content-type": "application/xml" }, body: new TextEncoder().encode(text) };
}
