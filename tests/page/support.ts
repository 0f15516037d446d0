import { secretsFrom } from "../../src/core/secret.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Database } from "../../src/db/database.ts";
import type { PageHost } from "../../src/page/host.ts";
import { LiveRuns } from "../../src/page/live_runs.ts";
import { openPage, type Page } from "../../src/page/page.tsx";

export const TOKEN = "0123456789abcdef0123";
export const ORIGIN = "http://127.0.0.1:8080";
export const NOW = new Date("2026-01-01T12:00:00Z");

/** A page in this process, whose parts a test replaces. */
export function testPage(db: Database | null, changes: Partial<PageHost> = {}): Page {
  const host: PageHost = {
    access: { token: TOKEN, loopback: true },
    version: "1.2.3",
    typed: "deno task",
    clock: { ...systemClock, now: () => NOW },
    secrets: secretsFrom({}),
    keepsSchedules: true,
    pipelines: () => [],
    files: () => new Map(),
    answers: () => Promise.resolve(db !== null),
    database: () => db === null ? Promise.reject(new Error("no database")) : Promise.resolve(db),
    live: new LiveRuns(systemClock),
    actions: {
      run: () => Promise.resolve({ kind: "running" }),
      replay: () => Promise.resolve({ kind: "running" }),
      rollback: () => Promise.resolve(null),
      cancel: () => false,
    },
    signal: new AbortController().signal,
    report: (error) => {
      throw error;
    },
    ...changes,
  };
  return openPage(host);
}

/** A look, as a browser asks for it. */
export function get(path: string, headers: Record<string, string> = {}, origin = ORIGIN): Request {
  return new Request(`${origin}${path}`, {
    headers: { host: new URL(origin).host, accept: "text/html,*/*;q=0.8", ...headers },
  });
}

/** A form, as a browser sends it from the page itself. */
export function post(
  path: string,
  form: Record<string, string>,
  headers: Record<string, string | null> = {},
  origin = ORIGIN,
): Request {
  const sent = new Headers({
    host: new URL(origin).host,
    accept: "text/html",
    origin,
    "sec-fetch-site": "same-origin",
    "content-type": "application/x-www-form-urlencoded",
  });
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) sent.delete(name);
    else sent.set(name, value);
  }
  return new Request(`${origin}${path}`, {
    method: "POST",
    headers: sent,
    body: new URLSearchParams(form),
  });
}

/** Signs in; the header that a browser sends from then on. */
export async function signIn(page: Page, origin = ORIGIN): Promise<{ readonly cookie: string }> {
  const response = await page(post("/session", { token: TOKEN }, {}, origin));
  const cookie = response!.headers.get("set-cookie")!.split(";")[0];
  return { cookie };
}

/** The form token that a page of this session holds. */
export function formTokenOf(html: string): string {
  return /name="form_token" value="([0-9a-f]{64})"/.exec(html)![1];
}

/** The text of an answer, which has to have this status. */
export async function textOf(page: Page, request: Request, status = 200): Promise<string> {
  const response = await page(request);
  if (response === null) throw new Error(`${request.url} is none of the page's`);
  const text = await response.text();
  if (response.status !== status) throw new Error(`${request.url}: ${response.status} ${text}`);
  return text;
}

/** That a page holds these texts; one that does not is not printed whole. */
export function expectIn(html: string, ...parts: readonly (string | RegExp)[]): void {
  for (const part of parts) {
    const found = typeof part === "string" ? html.includes(part) : part.test(html);
    if (!found) throw new Error(`The page has no ${part}, but: ${plain(html).slice(0, 2_000)}`);
  }
}

/** That it holds none of them. */
export function expectNotIn(html: string, ...parts: readonly (string | RegExp)[]): void {
  for (const part of parts) {
    const found = typeof part === "string" ? html.includes(part) : part.test(html);
    if (found) throw new Error(`The page has ${part}`);
  }
}

/** What a person reads of a page's content. */
export function plain(html: string): string {
  return html.replace(/^[^]*<main[^>]*>/, "").replace(/<\/main>[^]*$/, "").replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ").trim();
}
