import type { Clock } from "../../core/clock.ts";
import type { Refusal } from "./answer.ts";

/** Bytes of the longest body that is read. */
const LONGEST = 64 * 1024;

/** Milliseconds that a client has to send it. */
const PATIENCE = 10_000;

/** A body of JSON, or why it was not taken. */
export async function readJson(
  request: Request,
  clock: Clock,
): Promise<{ readonly value: unknown } | { readonly refusal: Refusal }> {
  if (!hasType(request, "application/json")) return { refusal: NOT_JSON_TYPE };
  const read = await readInTime(request, clock);
  if ("refusal" in read) return read;
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(read.bytes)) };
  } catch (error) {
    return {
      refusal: {
        status: 400,
        code: "http/not_json",
        message: `The body is not JSON: ${(error as Error).message}`,
      },
    };
  }
}

/** A body as a form of a page sends it, or why it was not taken. */
export async function readForm(
  request: Request,
  clock: Clock,
): Promise<{ readonly form: URLSearchParams } | { readonly refusal: Refusal }> {
  if (!hasType(request, "application/x-www-form-urlencoded")) return { refusal: NOT_FORM_TYPE };
  const read = await readInTime(request, clock);
  if ("refusal" in read) return read;
  return { form: new URLSearchParams(new TextDecoder().decode(read.bytes)) };
}

function hasType(request: Request, type: string): boolean {
  const given = request.headers.get("content-type") ?? "";
  return given.split(";")[0].trim().toLowerCase() === type;
}

/** The body as long as it may be, as soon as it has to be. */
async function readInTime(
  request: Request,
  clock: Clock,
): Promise<{ readonly bytes: Uint8Array } | { readonly refusal: Refusal }> {
  const over = new AbortController();
  const late = clock.sleep(PATIENCE, over.signal).then(() => SLOW, () => SLOW);
  const bytes = await Promise.race([readBytes(request), late]);
  over.abort();
  if (bytes instanceof Uint8Array) return { bytes };
  // Whatever else arrives is not waited for.
  if (!request.bodyUsed) await request.body?.cancel();
  return { refusal: bytes };
}

async function readBytes(request: Request): Promise<Uint8Array | Refusal> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of request.body ?? []) {
      length += piece.length;
      if (length > LONGEST) return TOO_LONG;
      pieces.push(piece);
    }
  } catch {
    return CUT;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const NOT_JSON_TYPE: Refusal = {
  status: 415,
  code: "http/not_json",
  message: "The body must be JSON",
  hint: 'Send the header "Content-Type: application/json"',
};

const NOT_FORM_TYPE: Refusal = {
  status: 415,
  code: "http/not_a_form",
  message: "The body must be a form",
  hint: 'Send the header "Content-Type: application/x-www-form-urlencoded"',
};

const TOO_LONG: Refusal = {
  status: 413,
  code: "http/too_long",
  message: `The body is longer than ${LONGEST / 1024} KiB`,
};

const SLOW: Refusal = {
  status: 408,
  code: "http/too_slow",
  message: `The body did not arrive within ${PATIENCE / 1000} s`,
};

const CUT: Refusal = {
  status: 400,
  code: "http/cut_short",
  message: "The body ended early",
};
