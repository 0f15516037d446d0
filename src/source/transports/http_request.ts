import { SluiceError } from "../../core/error.ts";
import type { SourceContext } from "../context.ts";
import type { Location } from "../location.ts";
import { parseRetryAfter } from "./http_headers.ts";

/** One request; redirects are followed as part of it. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD";
  readonly location: Location;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Statuses that are an answer, and no error. */
  readonly accept: readonly number[];
  /** Aborts the exchange; the caller's as long as the body is open. */
  readonly connection: AbortController;
}

const MAX_REDIRECTS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Statuses beside 5xx that may be gone on the next attempt. */
const TRANSIENT: readonly number[] = [408, 425, 429];
/** Headers that say nothing about who asks; all others stay at the origin they were written for. */
const HARMLESS: readonly string[] = ["accept", "accept-language", "user-agent"];

/** Sends a request and returns an answer whose status is accepted. */
export async function sendRequest(request: HttpRequest, context: SourceContext): Promise<Response> {
  const { location, connection } = request;
  let url = parseUrl(location.href, location.shown);
  const headers = requestHeaders(request, url);
  const { origin } = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    url.username = url.password = "";
    if (url.origin === origin) {
      const proof = await location.sign?.(request.method, url, headers) ?? {};
      for (const [name, value] of Object.entries(proof)) headers.set(name, value);
    }
    const response = await send(url, headers, request, context);
    if (!request.accept.includes(response.status)) {
      const error = location.explain?.(response) ?? null;
      if (error !== null) {
        await discard(response);
        throw error;
      }
    }
    if (!REDIRECTS.includes(response.status)) {
      if (request.accept.includes(response.status)) return response;
      await discard(response);
      throw statusError(response, location.shown, context);
    }
    await discard(response);
    const next = redirectTarget(response, url, location.shown);
    if (next.origin !== url.origin) keepHarmless(headers, request);
    url = next;
  }
  connection.abort();
  throw new SluiceError(
    "source/too_many_redirects",
    `"${location.shown}" redirects more than ${MAX_REDIRECTS} times`,
    { hint: "Name the address where the redirects end" },
  );
}

/** Runs one wait; when it takes too long, ends the connection with `source/timeout`. */
export async function within<T>(
  { timeoutSeconds, connection, location }: Omit<HttpRequest, "method" | "accept">,
  waitingFor: string,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() =>
    connection.abort(
      new SluiceError(
        "source/timeout",
        `"${location.shown}" did not answer: no ${waitingFor} for ${timeoutSeconds} s`,
        { retry: "later", hint: "Raise `timeout` in the source if the server is this slow" },
      ),
    ), timeoutSeconds * 1000);
  // A body hears of an abort through a signal that nothing but fetch holds, and not any more once
  // that was collected as garbage (Deno 2.9): whoever waits listens to its own.
  const { signal } = connection;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** What a failed exchange means: the reason of an abort, or the network. */
export function networkError(
  error: unknown,
  { connection, location }: Pick<HttpRequest, "connection" | "location">,
  { secrets, signal }: SourceContext,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SluiceError) return error;
  if (connection.signal.aborted) return connection.signal.reason;
  if (!(error instanceof Error)) return error;
  const { shown } = location;
  const cause = error.cause instanceof Error ? error.cause.message : null;
  // Deno repeats the URL, secrets included.
  const detail = secrets.redact((cause ?? error.message).replace(/ for url \(.*?\)(?=:|$)/, ""));
  if (error instanceof Deno.errors.NotCapable) {
    return new SluiceError("source/not_allowed", `Deno may not reach "${shown}"`, {
      hint: "Run with --allow-net for this host",
    });
  }
  if (/certificate|tls handshake/i.test(detail)) {
    return new SluiceError("source/tls", `No trusted connection to "${shown}": ${detail}`, {
      hint: "Check the server's certificate; DENO_CERT names an authority of your own",
    });
  }
  if (error instanceof TypeError && cause === null && !/body|connection/i.test(detail)) {
    return new SluiceError("source/bad_request", `Cannot request "${shown}": ${detail}`, {
      hint: "Check the address and the headers of the source",
    });
  }
  return new SluiceError("source/unreachable", `The connection to "${shown}" failed: ${detail}`, {
    retry: "later",
    hint: "Check the host's name and the network; `source.retries` says how often it is tried",
  });
}

/** Gives a body up, so that its connection is free. */
export async function discard(response: Response): Promise<void> {
  try {
    await response.body?.cancel();
  } catch {
    // It failed by itself, which frees the connection too.
  }
}

async function send(
  url: URL,
  headers: Headers,
  request: HttpRequest,
  context: SourceContext,
): Promise<Response> {
  const { method, connection } = request;
  try {
    return await within(request, "answer", () =>
      // Followed by hand: fetch would send every header but Authorization to any other origin.
      fetch(url, { method, headers, redirect: "manual", signal: connection.signal }));
  } catch (error) {
    throw networkError(error, request, context);
  }
}

function requestHeaders({ location, headers }: HttpRequest, url: URL): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries({ ...location.headers, ...headers })) {
    try {
      result.set(name, value);
    } catch {
      throw new SluiceError("source/bad_header", `The header "${name}" cannot be sent`, {
        hint: "A header's name or value holds a character that HTTP does not allow",
      });
    }
  }
  if (url.username !== "" && !result.has("authorization")) {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    const bytes = new TextEncoder().encode(pair);
    result.set("authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  }
  // The stored bytes, not a compressed copy of them: lengths and ranges must mean the same thing.
  // With this header set, Deno leaves a body alone even if the server compresses it nevertheless.
  result.set("accept-encoding", "identity");
  return result;
}

function keepHarmless(headers: Headers, { location, headers: own }: HttpRequest): void {
  const ours = ["accept-encoding", ...Object.keys(own ?? {}).map((name) => name.toLowerCase())];
  for (const name of [...headers.keys()]) {
    const isHarmless = HARMLESS.includes(name) && !location.secretHeaders.includes(name);
    if (!ours.includes(name) && !isHarmless) headers.delete(name);
  }
}

function parseUrl(href: string, shown: string): URL {
  try {
    return new URL(href);
  } catch {
    throw new SluiceError("source/bad_url", `"${shown}" is not a valid URL`, {
      hint: "A URL is written such as https://example.org/files/2021-01.csv.gz",
    });
  }
}

function redirectTarget(response: Response, from: URL, shown: string): URL {
  const target = response.headers.get("location");
  const url = target === null ? null : URL.parse(target, from);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new SluiceError(
    "source/bad_redirect",
    `"${shown}" redirects (${response.status}) to an address that is not HTTP`,
    { hint: "Name the file's own address, or ask the server's operator" },
  );
}

function statusError(
  response: Response,
  shown: string,
  { clock, secrets }: SourceContext,
): SluiceError {
  const { status, statusText } = response;
  const answer = `"${shown}" answered ${secrets.redact(`${status} ${statusText}`.trimEnd())}`;
  const details = { status };
  if (status === 404 || status === 410) {
    return new SluiceError("source/not_found", answer, {
      details,
      hint: "Check the address, and that the file is published; `missing: pending` waits for it",
    });
  }
  if (status === 401 || status === 403) {
    return new SluiceError("source/forbidden", answer, {
      details,
      hint: "Check the source's `headers`, and that the token they hold is valid",
    });
  }
  if (status < 500 && !TRANSIENT.includes(status)) {
    return new SluiceError("source/http_status", answer, {
      details,
      hint: "Open the address in a browser or with curl to see what the server says",
    });
  }
  const wait = parseRetryAfter(response.headers.get("retry-after"), clock.now());
  return new SluiceError("source/unavailable", answer, {
    retry: "later",
    hint: "The server is busy or broken: run again later",
    details: wait === null ? details : { ...details, retry_after_seconds: wait },
  });
}
