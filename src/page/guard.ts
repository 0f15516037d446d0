import { getCookie } from "hono/cookie";
import type { Context } from "hono";
import type { Refusal } from "../schedule/http/answer.ts";
import {
  type Access,
  authorize,
  isOwnName,
  sameText,
  STRANGE_HOST,
} from "../schedule/http/authorize.ts";
import { isOwnForm, type PageSession, type Sessions } from "./sessions.ts";

/** Name of the cookie that holds a session. */
export const COOKIE = "sluice_session";

/** What goes with every answer of the page: nothing of another origin, nothing inline, no frame. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // Not "no-referrer": browsers would then send the origin of a form as "null".
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};

/** The session of a request's cookie, or null. */
export function sessionOf(context: Context, sessions: Sessions): PageSession | null {
  return sessions.find(getCookie(context, COOKIE));
}

/** Why a request may not look, or null: a session is as good as the token itself. */
export function mayLook(
  request: Request,
  access: Access,
  session: PageSession | null,
): Refusal | null {
  if (access.loopback && !isOwnName(request)) return STRANGE_HOST;
  return session === null ? authorize(request, access) : null;
}

/** Why somebody may not even be asked whether to do something, or null. */
export function mayAsk(
  request: Request,
  access: Access,
  session: PageSession | null,
): Refusal | null {
  if (access.loopback && !isOwnName(request)) return STRANGE_HOST;
  if (access.token === null) return NO_TOKEN;
  return session === null ? NO_SESSION : null;
}

/** Why a form may not do anything, or null. */
export function mayAct(
  request: Request,
  access: Access,
  session: PageSession | null,
  form: URLSearchParams,
): Refusal | null {
  const strange = comesFromElsewhere(request, access);
  if (strange !== null) return strange;
  if (access.token === null) return NO_TOKEN;
  if (session === null) return NO_SESSION;
  return isOwnForm(session, form.get("form_token")) ? null : WRONG_FORM;
}

/** Why a form with a token may not open a session, or null. */
export function mayOpen(
  request: Request,
  access: Access,
  form: URLSearchParams,
): Refusal | null {
  const strange = comesFromElsewhere(request, access);
  if (strange !== null) return strange;
  if (access.token === null) return NO_TOKEN;
  return sameText((form.get("token") ?? "").trim(), access.token) ? null : WRONG_TOKEN;
}

/**
 * Whether a form was sent by a page of another origin; browsers always say which one it was.
 *
 * Only the host counts: a proxy may speak TLS in front of this server.
 */
export function comesFromElsewhere(request: Request, { loopback }: Access): Refusal | null {
  if (loopback && !isOwnName(request)) return STRANGE_HOST;
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return STRANGE_ORIGIN;
  if (origin === null || !URL.canParse(origin)) return STRANGE_ORIGIN;
  const from = new URL(origin);
  const isWeb = from.protocol === "http:" || from.protocol === "https:";
  return isWeb && from.host === hostOf(request, from.protocol) ? null : STRANGE_ORIGIN;
}

/** As the browser wrote it, the usual port of its protocol left out. */
function hostOf(request: Request, protocol: string): string {
  return new URL(`${protocol}//${request.headers.get("host") ?? new URL(request.url).host}`).host;
}

const STRANGE_ORIGIN: Refusal = {
  status: 403,
  code: "http/strange_origin",
  message: "The form was not sent by this page",
  hint: "Open the page itself, and ask again there",
};

const NO_TOKEN: Refusal = {
  status: 403,
  code: "http/token_not_set",
  message: "This server was started without a token, and changes nothing",
  hint: "Set SLUICE_TOKEN where it is started",
};

const NO_SESSION: Refusal = {
  status: 401,
  code: "http/no_token",
  message: "This needs the token",
  hint: "Sign in with the SLUICE_TOKEN of the server",
};

const WRONG_TOKEN: Refusal = {
  status: 401,
  code: "http/wrong_token",
  message: "This is not the token",
  hint: "It is the SLUICE_TOKEN that the server was started with",
};

const WRONG_FORM: Refusal = {
  status: 403,
  code: "http/wrong_form",
  message: "The form is not of this session",
  hint: "Load the page again, and ask once more",
};
