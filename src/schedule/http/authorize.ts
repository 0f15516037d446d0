import { createHash, timingSafeEqual } from "node:crypto";
import type { Refusal } from "./answer.ts";

/** Who may ask. */
export interface Access {
  /** Null: nobody has one. */
  readonly token: string | null;
  /** Whether only this machine can reach the server. */
  readonly loopback: boolean;
}

/**
 * Why a request may not be answered, or null.
 *
 * On loopback a token is asked for only where something is done; elsewhere for everything but
 * health.
 */
export function authorize(request: Request, { token, loopback }: Access): Refusal | null {
  const reads = request.method === "GET" || request.method === "HEAD";
  if (loopback && reads) return isOwnName(request) ? null : STRANGE_HOST;
  if (token === null) return NO_TOKEN;
  const [, given = null] = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ??
    [];
  if (given === null) return MISSING;
  return sameText(given, token) ? null : WRONG;
}

/** Whether an address is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A page in a browser may have its own name point here: it must not read what it is not shown. */
export function isOwnName(request: Request): boolean {
  const { hostname } = new URL(request.url);
  return isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
}

/** Takes as long whatever the first difference is, and whatever the lengths are. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const CHALLENGE = { "www-authenticate": 'Bearer realm="sluice"' };

const MISSING: Refusal = {
  status: 401,
  code: "http/no_token",
  message: "This request needs a token",
  hint: 'Send the header "Authorization: Bearer <SLUICE_TOKEN>"',
  headers: CHALLENGE,
};

const WRONG: Refusal = {
  status: 401,
  code: "http/wrong_token",
  message: "The token is wrong",
  headers: CHALLENGE,
};

const NO_TOKEN: Refusal = {
  status: 403,
  code: "http/token_not_set",
  message: "This server was started without a token, and starts no runs",
  hint: "Set SLUICE_TOKEN where it is started",
};

export const STRANGE_HOST: Refusal = {
  status: 403,
  code: "http/strange_host",
  message: "The request names another host than this machine",
  hint: "Ask for http://127.0.0.1 or http://localhost",
};
