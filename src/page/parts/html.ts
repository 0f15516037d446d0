import { HEADERS } from "../guard.ts";

/** A page as an answer. */
export function html(
  page: { toString(): string },
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`<!doctype html>${page}`, {
    status,
    headers: { ...HEADERS, "content-type": "text/html; charset=utf-8", ...headers },
  });
}

/** The way to another address, by GET. */
export function seeOther(path: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { ...HEADERS, location: path, ...headers } });
}
