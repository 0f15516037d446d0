import type { SourceContext, SourceFacts } from "../context.ts";
import {
  type ContentRange,
  factsOf,
  isStrongTag,
  parseContentRange,
  parseLength,
  type Validator,
} from "./http_headers.ts";
import { discard, type HttpRequest, networkError, sendRequest, within } from "./http_request.ts";
import { TAIL_BYTES } from "./transport.ts";

/** The bytes `start … end)` of a file that an answer before was about. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly facts: SourceFacts;
  readonly validator: Validator;
}

/** Where a server counts the bytes from that are asked for first; not all know the end. */
export type CountFrom = "end" | "start";

/** The end of a file. */
export interface Tail extends Part {
  readonly contentType: string | null;
  /** Null: the answer told only where it is. */
  readonly tail: Uint8Array | null;
}

/** Answers to a first question for a range after which the whole file is asked for. */
const NO_RANGES: readonly number[] = [400, 416, 501];

/**
 * Asks for the end of a file, or for its length; the answer itself where it is the whole file, and
 * null where the server has no parts that are proven.
 *
 * Only a strong etag proves of each later part that it is of the same file.
 */
export async function askForTail(
  request: Pick<HttpRequest, "location" | "timeoutSeconds" | "connection">,
  count: CountFrom,
  context: SourceContext,
): Promise<Tail | Response | null> {
  const response = await sendRequest({
    ...request,
    method: "GET",
    accept: [200, 206, ...NO_RANGES],
    headers: { range: count === "end" ? `bytes=-${TAIL_BYTES}` : "bytes=0-0" },
  }, context);
  const { status, headers } = response;
  if (status === 200) return response;
  const etag = headers.get("etag");
  const length = parseLength(headers.get("content-length"));
  const range = parseContentRange(headers.get("content-range"));
  const end = range?.total ?? 0;
  const start = Math.max(0, end - TAIL_BYTES);
  const isTail = range?.start === start && range.end === end - 1;
  const isPlain = headers.get("content-encoding") === null &&
    !/^multipart\//i.test(headers.get("content-type") ?? "");
  if (status !== 206 || !isStrongTag(etag) || end === 0 || !isPlain) {
    await discard(response);
    return null;
  }
  // There are stores that count from the beginning, whatever they are asked for; a short body that
  // is read to its end leaves the connection to the next request.
  const expected = isTail ? end - start : length;
  const isShort = expected !== null && expected <= TAIL_BYTES + 1;
  const bytes = isShort ? await bodyOf(response, expected, request, context) : null;
  if (!isShort) await discard(response);
  if (isTail && bytes === null) return null;
  return {
    start,
    end,
    facts: { ...factsOf(request.location, headers), bytes: end },
    validator: { header: "etag", value: etag },
    contentType: headers.get("content-type"),
    tail: isTail ? bytes : null,
  };
}

/** The body of an answer; null where it has not so many bytes. */
async function bodyOf(
  { body }: Response,
  count: number,
  request: Pick<HttpRequest, "location" | "timeoutSeconds" | "connection">,
  context: SourceContext,
): Promise<Uint8Array | null> {
  const reader = body?.getReader() ?? null;
  const bytes = new Uint8Array(count);
  let at = 0;
  try {
    while (reader !== null) {
      const { value, done } = await within(request, "data", () => reader.read());
      if (done) break;
      if (at + value.length > count) {
        request.connection.abort();
        await reader.cancel().catch(() => {});
        return null;
      }
      bytes.set(value, at);
      at += value.length;
    }
  } catch (error) {
    const failure = networkError(error, request, context);
    request.connection.abort();
    throw failure;
  }
  return at < count ? null : bytes;
}

/** Whether an answer has all of what is left of a part, and says nothing else of itself. */
export function isAll({ start, end, total }: ContentRange, part: Part, headers: Headers): boolean {
  const length = parseLength(headers.get("content-length"));
  return total !== null && end === part.end - 1 && (length === null || length === end - start! + 1);
}
