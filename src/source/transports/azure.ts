import type { Clock } from "../../core/clock.ts";
import { SluiceError } from "../../core/error.ts";
import { AZURE_VARIABLES, type AzureSettings, readAzureSettings } from "./azure_settings.ts";
import {
  elements,
  elementText,
  escaped,
  keyPath,
  type ObjectPage,
  type ObjectStore,
  objectTransport,
  quotedTag,
} from "./object_store.ts";
import type { Transport } from "./transport.ts";

/** The version of the protocol that requests are written in. */
const VERSION = "2021-08-06";

/** Blobs in Azure; a bucket is a container there. */
export const az: Transport = objectTransport(
  "az",
  "az://container/folder/2021-01.csv.gz",
  (context) => storeOf(readAzureSettings(context), context.clock),
);

function storeOf(settings: AzureSettings, clock: Clock): ObjectStore {
  const { endpoint, sas } = settings;
  return {
    objectUrl: (container, key) =>
      `${endpoint}/${escaped(container)}/${keyPath(key)}${sas === null ? "" : `?${sas}`}`,
    listUrl(container, prefix, next) {
      const query = new URLSearchParams({ restype: "container", comp: "list", prefix });
      if (next !== null) query.set("marker", next);
      const asked = query.toString().replaceAll("+", "%20");
      return `${endpoint}/${escaped(container)}?${asked}${sas === null ? "" : `&${sas}`}`;
    },
    readPage,
    sign: (method, url, headers) => sign(method, url, headers, settings, clock),
    explain: (response, shown) => explain(response, shown, settings),
  };
}

/** Headers that the signature has in this order, with those that no request of ours has. */
const SIGNED_HEADERS = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

/** Signs with the key of the account, as Azure's page on Shared Key describes it. */
async function sign(
  method: string,
  url: URL,
  headers: Headers,
  { account, key }: AzureSettings,
  clock: Clock,
): Promise<Readonly<Record<string, string>>> {
  if (key === null) return { "x-ms-version": VERSION };
  const own = { "x-ms-date": clock.now().toUTCString(), "x-ms-version": VERSION };
  const query = [...url.searchParams].map(([name, value]) => `${name.toLowerCase()}:${value}`);
  const text = [
    method,
    ...SIGNED_HEADERS.map((name) => headers.get(name) ?? ""),
    ...Object.entries(own).map(([name, value]) => `${name}:${value}`),
    [`/${account}${url.pathname}`, ...query.sort()].join("\n"),
  ].join("\n");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", key, hmac, false, ["sign"]);
  const proof = new Uint8Array(
    await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(text)),
  );
  return { ...own, authorization: `SharedKey ${account}:${proof.toBase64()}` };
}

function explain(
  { status, headers }: Response,
  shown: string,
  { key, sas }: AzureSettings,
): SluiceError | null {
  const isAnonymous = key === null && sas === null;
  // Who may not know whether a container is there is told that it is not.
  const isHidden = isAnonymous && (status === 409 ||
    status === 404 && headers.get("x-ms-error-code") === "ResourceNotFound");
  if (status !== 401 && status !== 403 && !isHidden) return null;
  return new SluiceError("source/forbidden", `"${shown}" answered ${status}`, {
    details: { status },
    hint: isAnonymous
      ? `No credentials are set: set ${AZURE_VARIABLES}`
      : `Check that ${AZURE_VARIABLES} are valid, and may read and list the container`,
  });
}

function readPage(xml: string): ObjectPage {
  const objects = elements(xml, "Blob").flatMap((blob) => {
    const key = elementText(blob, "Name");
    const size = elementText(blob, "Content-Length");
    // Folders of accounts that have them.
    const isFolder = elementText(blob, "ResourceType") === "directory";
    if (key === null || key.endsWith("/") || isFolder) return [];
    return [{
      key,
      etag: quotedTag(elementText(blob, "Etag")),
      bytes: size === null ? null : Number(size),
    }];
  });
  return { objects, next: elementText(xml, "NextMarker") || null };
}
