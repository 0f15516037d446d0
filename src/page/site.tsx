import type { Context, Hono } from "hono";
import { errorRecord, SluiceError } from "../core/error.ts";
import { redactDeep } from "../core/redact_deep.ts";
import { type Refusal, refuse } from "../schedule/http/answer.ts";
import { type Ask, NotShown, type Shown, Turns } from "./ask.ts";
import { HEADERS } from "./guard.ts";
import type { PageHost } from "./host.ts";
import { LiveStreams } from "./live_stream.tsx";
import { html } from "./parts/html.ts";
import { type Frame, Layout } from "./parts/layout.tsx";
import { type PageSession, Sessions } from "./sessions.ts";
import { Starts } from "./starts.ts";
import { Failure, Notice } from "./views/notice.tsx";
import { SessionView } from "./views/session.tsx";

export type Env = { Variables: { session: PageSession | null } };

/** The page of one process: what it remembers between requests, and how it answers them. */
export class Site {
  readonly sessions: Sessions;
  readonly turns = new Turns();
  readonly starts = new Starts();
  readonly streams = new LiveStreams();

  constructor(readonly host: PageHost) {
    this.sessions = new Sessions(host.clock);
  }

  askOf(context: Context<Env>): Ask {
    const { host, starts } = this;
    return {
      request: context.req.raw,
      query: new URL(context.req.url).searchParams,
      host,
      frame: this.#frameOf(context),
      starts,
      async database() {
        if (await host.answers()) return await host.database();
        throw new NotShown(503, "The database does not answer", "Load the page again in a moment.");
      },
    };
  }

  /** The form that asks for the token. */
  signIn(context: Context<Env>, next: string, refusal: Refusal | null, status = 200): Response {
    return html(
      <Layout frame={this.#frameOf(context)} title="Sign in">
        <SessionView next={next} refusal={refusal} />
      </Layout>,
      status,
    );
  }

  /** People are shown where to sign in; programs get what they get elsewhere. */
  refused(context: Context<Env>, refusal: Refusal): Response {
    if (!/\btext\/html\b/.test(context.req.header("accept") ?? "")) {
      return refuse({ ...refusal, headers: { ...refusal.headers, ...HEADERS } });
    }
    if (refusal.status === 401) {
      const next = context.req.method === "GET" ? this.#frameOf(context).path : "/";
      const wrong = refusal.code === "http/wrong_token" ? refusal : null;
      return this.signIn(context, next, wrong, 401);
    }
    return this.#notice(context, refusal.status, refusal.message, refusal.hint ?? "");
  }

  notFound(context: Context<Env>): Response {
    const { status, title, advice } = noSuchPage();
    return this.#notice(context, status, title, advice);
  }

  failed(error: Error, context: Context<Env>): Response {
    if (error instanceof NotShown) {
      return this.#notice(context, error.status, error.title, error.advice);
    }
    const { host } = this;
    const record = redactDeep(errorRecord(error), host.secrets);
    if (!(error instanceof SluiceError)) host.report(error);
    return html(
      <Layout frame={this.#frameOf(context)} title="Error">
        <Failure error={record} />
      </Layout>,
      record.retry === "later" ? 503 : 500,
    );
  }

  #notice(context: Context<Env>, status: number, title: string, advice: string): Response {
    return html(
      <Layout frame={this.#frameOf(context)} title={title}>
        <Notice title={title}>
          <p>{advice}</p>
        </Notice>
      </Layout>,
      status,
    );
  }

  #frameOf(context: Context<Env>): Frame {
    const { host } = this;
    const { pathname, search } = new URL(context.req.url);
    return {
      now: host.clock.now(),
      version: host.version,
      typed: host.typed,
      session: context.var.session ?? null,
      canSignIn: host.access.token !== null,
      path: `${pathname}${search}`,
    };
  }
}

/** An address that is none of the page's. */
export function noSuchPage(): NotShown {
  return new NotShown(404, "There is no such page", "The address may be mistyped.");
}

export function shownAs({ frame }: Ask, { title, at = "", view, status = 200 }: Shown): Response {
  return html(<Layout frame={frame} title={title} at={at}>{view}</Layout>, status);
}

/** The routes of one concern, added to those of the page. */
export type AddRoutes = (app: Hono<Env>, site: Site) => void;
