import type { ErrorRecord } from "../../core/error.ts";
import { jsonText } from "../../core/json_text.ts";

/** An answer that is not what was asked for: `{"error": {"code", "message", "retry", "hint"}}`. */
export interface Refusal {
  readonly status: number;
  /** Stable; docs/operate.md has the table. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly headers?: Record<string, string>;
}

/** An answer in JSON, ending in a newline. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(`${jsonText(body, jsonValue, 2)}\n`, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** A refusal as an answer. */
export function refuse({ status, code, message, hint, headers }: Refusal): Response {
  const retry = status === 409 || status === 429 || status === 503 ? "later" : "never";
  return failed({ code, message, retry, ...(hint === undefined ? {} : { hint }) }, status, headers);
}

/** An error of Sluice as an answer. */
export function failed(
  error: ErrorRecord,
  status: number,
  headers: Record<string, string> = {},
): Response {
  return json({ error }, status, headers);
}

/** Text as it is. */
export function text(body: string, status = 200, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, {
    status,
    headers: { "content-type": type, "cache-control": "no-store" },
  });
}

/** Counts beyond 2^53 keep every digit, as text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
