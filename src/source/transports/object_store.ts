import { SluiceError } from "../../core/error.ts";
import type { TransportName } from "../../core/transports.ts";
import type { SourceContext } from "../context.ts";
import { fixedPart, isPattern, matcher } from "../glob.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import { HttpDownload } from "./http_download.ts";
import { probeHttp } from "./http_probe.ts";
import { sendRequest, within } from "./http_request.ts";
import type { Listed, ReadLimits, Transport } from "./transport.ts";

/** A store of objects that is reached over HTTP, with the operator's settings. */
export interface ObjectStore {
  /** The address of an object; a bucket is what the store calls a bucket or container. */
  objectUrl(bucket: string, key: string): string;
  /** The address of a page of the objects whose keys begin so; `next` is of the page before. */
  listUrl(bucket: string, prefix: string, next: string | null): string;
  readPage(xml: string): ObjectPage;
  /** Headers that prove who asks. */
  sign(method: string, url: URL, headers: Headers): Promise<Readonly<Record<string, string>>>;
  /** What an answer that is an error means; null: what HTTP says. */
  explain(response: Response, shown: string): SluiceError | null;
}

/** A page of a listing. */
export interface ObjectPage {
  readonly objects: readonly {
    readonly key: string;
    /** As an answer of HTTP has it. */
    readonly etag: string | null;
    readonly bytes: number | null;
  }[];
  /** Asks for the next page; null: this is the last one. */
  readonly next: string | null;
}

/**
 * The transport of a store.
 *
 * @param example an address, for messages
 * @param open reads the operator's settings
 */
export function objectTransport(
  name: TransportName,
  example: string,
  open: (context: SourceContext, location: Location) => ObjectStore | Promise<ObjectStore>,
): Transport {
  const split = (location: Location) => splitAddress(location, example);

  async function objectOf(location: Location, context: SourceContext): Promise<Location> {
    const { bucket, key } = split(location);
    const store = await open(context, location);
    return signed(location, store.objectUrl(bucket, key), store);
  }

  /** The objects whose keys a pattern stands for. */
  async function expand(
    location: Location,
    limits: ReadLimits,
    context: SourceContext,
  ): Promise<readonly Listed[] | null> {
    const { bucket, key } = split(location);
    if (!isPattern(key)) return null;
    const store = await open(context, location);
    const matches = await matcher(key);
    const found: Listed[] = [];
    const shownKey = split({ ...location, href: location.shown }).key;
    for (let next: string | null = null;;) {
      const href = store.listUrl(bucket, fixedPart(key), next);
      const page = store.readPage(await get(signed(location, href, store), limits, context));
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
      next = page.next;
      if (next === null) break;
    }
    return found.sort((a, b) => a.location.href < b.location.href ? -1 : 1);
  }

  return {
    name,
    async open(location, limits, context, byRanges = false) {
      const download = new HttpDownload(await objectOf(location, context), limits, context);
      // Azure has no ranges that count from the end.
      await download.start(!byRanges ? null : name === "az" ? "start" : "end");
      return download;
    },
    probe: async (location, limits, context) =>
      await probeHttp(await objectOf(location, context), limits, context),
    expand,
  };
}

/** Where an object is: the bucket, and its key as it is. */
function splitAddress(
  { href, shown }: Location,
  example: string,
): { bucket: string; key: string } {
  const match = /^[a-z0-9]+:\/\/([^/]+)\/(.+)$/is.exec(href);
  if (match !== null) return { bucket: match[1], key: match[2] };
  throw new SluiceError("source/bad_url", `"${shown}" names no object`, {
    hint: `An address is written such as ${example}`,
  });
}

/** The address of an object as HTTP has it, with what proves who asks. */
function signed(location: Location, href: string, store: ObjectStore): Location {
  return {
    ...location,
    href,
    headers: {},
    sign: store.sign,
    explain: (response) => store.explain(response, location.shown),
  };
}

/** A key as the path of an address; what signatures have escaped is escaped. */
export function keyPath(key: string): string {
  return key.split("/").map(escaped).join("/");
}

/** Escapes what a part of a path cannot hold, and what signatures have escaped. */
export function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
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

/** The contents of each element of a listing, which has no comments, and no attributes but one. */
export function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))]
    .map(([, content]) => content);
}

/** The text of the first element of a name; null where there is none. */
export function elementText(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}( Encoded="true")?>([^<]*)</${name}>`).exec(xml);
  if (found === null) return null;
  const text = found[2].replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi,
    (_, hex?: string, decimal?: string, named?: string) =>
      named !== undefined
        ? NAMED[named.toLowerCase()]
        : String.fromCodePoint(hex !== undefined ? parseInt(hex, 16) : Number(decimal)),
  );
  return found[1] === undefined ? text : decodeURIComponent(text);
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** An ETag of a listing, with the quotes that an answer of HTTP has around it. */
export function quotedTag(etag: string | null): string | null {
  return etag === null || /^(W\/)?"/.test(etag) ? etag : `"${etag}"`;
}
