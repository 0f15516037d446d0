import { AwsV4Signer } from "aws4fetch";
import { SluiceError } from "../../core/error.ts";
import type { SourceContext } from "../context.ts";
import { fixedPart, isPattern, matcher } from "../glob.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import { probeHttp } from "./http_probe.ts";
import { HttpDownload } from "./http_download.ts";
import { sendRequest, within } from "./http_request.ts";
import { readS3Settings, type S3Settings } from "./s3_settings.ts";
import type { Listed, ReadLimits, Transport } from "./transport.ts";

/** Objects in S3 and in stores that speak its protocol. */
export const s3: Transport = objectStore("s3");

/** Objects in Google Cloud Storage, by its S3 interface. */
export const gs: Transport = objectStore("gs");

function objectStore(name: "s3" | "gs"): Transport {
  return {
    name,
    async open(location, limits, context) {
      const download = new HttpDownload(await objectOf(name, location, context), limits, context);
      await download.start();
      return download;
    },
    probe: async (location, limits, context) =>
      await probeHttp(await objectOf(name, location, context), limits, context),
    expand: (location, limits, context) => expandObjects(name, location, limits, context),
  };
}

/** Where an object is: the bucket, and its key as it is. */
function splitAddress({ href, shown }: Location): { bucket: string; key: string } {
  const match = /^[a-z0-9]+:\/\/([^/]+)\/(.+)$/is.exec(href);
  if (match !== null) return { bucket: match[1], key: match[2] };
  throw new SluiceError("source/bad_url", `"${shown}" names no object`, {
    hint: "An address is written such as s3://bucket/folder/2021-01.csv.gz",
  });
}

/** The address of an object as HTTP has it, with what proves who asks. */
async function objectOf(
  name: "s3" | "gs",
  location: Location,
  context: SourceContext,
): Promise<Location> {
  const { bucket, key } = splitAddress(location);
  const settings = await readS3Settings(name, context);
  const href = `${bucketUrl(settings, bucket)}/${key.split("/").map(encoded).join("/")}`;
  return signed(location, href, settings);
}

function signed(location: Location, href: string, settings: S3Settings): Location {
  const { credentials, region } = settings;
  return {
    ...location,
    href,
    headers: {},
    async sign(method, url) {
      if (credentials === null) return {};
      const signer = new AwsV4Signer({
        ...credentials,
        method,
        url: url.href,
        service: "s3",
        region,
      });
      const { headers } = await signer.sign();
      return Object.fromEntries(headers);
    },
    explain: (response) => explain(response, location, settings),
  };
}

function bucketUrl({ endpoint, pathStyle }: S3Settings, bucket: string): string {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  // A certificate of the store covers no name with a dot more.
  return pathStyle || bucket.includes(".")
    ? `${url.origin}${base}/${encoded(bucket)}`
    : `${url.protocol}//${bucket}.${url.host}${base}`;
}

/** Escapes what a part of a path cannot hold, and what the signature has escaped. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function explain(
  { status, headers }: Response,
  { shown }: Location,
  { region, credentials, variables }: S3Settings,
): SluiceError | null {
  const right = headers.get("x-amz-bucket-region");
  if (right !== null && right !== region && (status === 301 || status === 307 || status >= 400)) {
    return new SluiceError(
      "source/wrong_region",
      `The bucket of "${shown}" is in the region ${right}, and ${region} was asked`,
      { hint: `Set AWS_REGION=${right}`, details: { region: right } },
    );
  }
  if (status !== 401 && status !== 403 && status !== 400) return null;
  if (status === 400 && headers.get("content-type")?.includes("xml") === false) return null;
  return new SluiceError("source/forbidden", `"${shown}" answered ${status}`, {
    details: { status },
    hint: credentials === null
      ? `No credentials are set: set ${variables}`
      : `Check that ${variables} are valid, and may read and list the bucket`,
  });
}

/** The objects whose keys a pattern stands for. */
async function expandObjects(
  name: "s3" | "gs",
  location: Location,
  limits: ReadLimits,
  context: SourceContext,
): Promise<readonly Listed[] | null> {
  const { bucket, key } = splitAddress(location);
  if (!isPattern(key)) return null;
  const settings = await readS3Settings(name, context);
  const matches = matcher(key);
  const found: Listed[] = [];
  const shownKey = splitAddress({ ...location, href: location.shown }).key;
  for (let token: string | null = null;;) {
    const query = new URLSearchParams({ "list-type": "2", prefix: fixedPart(key) });
    if (token !== null) query.set("continuation-token", token);
    const href = `${bucketUrl(settings, bucket)}/?${query.toString().replaceAll("+", "%20")}`;
    const page = readPage(await get(signed(location, href, settings), limits, context));
    for (const object of page.objects) {
      if (!matches(object.key)) continue;
      const shown = shownKey === key
        ? `${location.shown.slice(0, -key.length)}${object.key}`
        : `${location.shown.slice(0, -shownKey.length)}${fixedPart(shownKey)}${
          object.key.slice(fixedPart(key).length)
        }`;
      found.push({
        location: { ...location, href: `${name}://${bucket}/${object.key}`, shown },
        facts: {
          url: shown,
          etag: object.etag,
          // In another form than the object's own answer has it.
          lastModified: null,
          bytes: object.bytes,
          sha256: null,
        },
      });
    }
    token = page.next;
    if (token === null) break;
  }
  return found.sort((a, b) => a.location.href < b.location.href ? -1 : 1);
}

async function get(
  location: Location,
  { retries, timeoutSeconds }: ReadLimits,
  context: SourceContext,
): Promise<string> {
  return await sourceAttempts(retries, context).run(async () => {
    const connection = new AbortController();
    const abort = () => connection.abort(context.signal.reason);
    context.signal.throwIfAborted();
    context.signal.addEventListener("abort", abort, { once: true });
    try {
      const request = { method: "GET", location, timeoutSeconds, connection } as const;
      const response = await sendRequest({ ...request, accept: [200] }, context);
      return await within(request, "data", () => response.text());
    } finally {
      context.signal.removeEventListener("abort", abort);
    }
  });
}

interface Page {
  readonly objects: readonly { key: string; etag: string | null; bytes: number | null }[];
  /** Asks for the next page; null: this is the last one. */
  readonly next: string | null;
}

/** A page of a listing; the XML of S3 has no attributes and no comments in what is read here. */
function readPage(xml: string): Page {
  const objects = [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].flatMap(([, content]) => {
    const key = element(content, "Key");
    const size = element(content, "Size");
    const etag = element(content, "ETag");
    if (key === null || key.endsWith("/")) return [];
    return [{
      key,
      etag: etag === null || etag.startsWith('"') ? etag : `"${etag}"`,
      bytes: size === null ? null : Number(size),
    }];
  });
  const isCut = element(xml, "IsTruncated") === "true";
  return { objects, next: isCut ? element(xml, "NextContinuationToken") : null };
}

function element(xml: string, name: string): string | null {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? null : text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi,
    (_, hex?: string, decimal?: string, named?: string) =>
      named !== undefined
        ? NAMED[named.toLowerCase()]
        : String.fromCodePoint(hex !== undefined ? parseInt(hex, 16) : Number(decimal)),
  );
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};
