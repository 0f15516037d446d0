import { type Context, Hono } from "hono";
import { errorRecord, SluiceError } from "../core/error.ts";
import { redactDeep } from "../core/redact_deep.ts";
import { type Refusal, refuse } from "../schedule/http/answer.ts";
import { readForm } from "../schedule/http/read_body.ts";
import icon from "./assets/icon.svg" with { type: "text" };
import script from "./assets/page.js" with { type: "text" };
import style from "./assets/page.css" with { type: "text" };
import { type Ask, NotShown, type Shown, Turns } from "./ask.ts";
import { COOKIE, HEADERS, mayAct, mayAsk, mayLook, mayOpen, sessionOf } from "./guard.ts";
import type { PageHost } from "./host.ts";
import { LiveStreams } from "./live_stream.tsx";
import {
  askCancel,
  askReplay,
  askRollback,
  askRun,
  doCancel,
  type Done,
  doReplay,
  doRollback,
  doRun,
} from "./pages/actions.tsx";
import { requireKnown } from "./pages/known.ts";
import { checksPage } from "./pages/checks.tsx";
import { brokenFilePage, filePage } from "./pages/file.tsx";
import { gridPage } from "./pages/grid.tsx";
import { queuePage } from "./pages/queue.tsx";
import { schedulePage } from "./pages/schedule.tsx";
import { rejectsCsvFile, rejectsPage } from "./pages/rejects.tsx";
import { requireRunId, runPage, runsPage } from "./pages/run.tsx";
import { versionsPage } from "./pages/versions.tsx";
import { html, seeOther } from "./parts/html.ts";
import { type Frame, Layout } from "./parts/layout.tsx";
import { type PageSession, Sessions } from "./sessions.ts";
import { Starts } from "./starts.ts";
import { Failure, Notice } from "./views/notice.tsx";
import { SessionView } from "./views/session.tsx";

/** Answers what is asked of the page; null for what is none of its addresses. Never throws. */
export type Page = (request: Request) => Promise<Response | null>;

type Env = { Variables: { session: PageSession | null } };

/** The paths of programs: whoever asks for one gets what it has always been. */
const PROGRAMS = /^\/(healthz|readyz|metrics|schedule|runs)(\/|$)/;

/** The paths of the page. Of all others it has those that a browser asks for, to say so. */
const OWN = /^\/(|(assets|pipeline|run|session)(\/.*)?|file|starts|queue)$/;

/**
 * Looks at the grid once, for nobody: the first person who does finds the code compiled and a
 * connection open. What goes wrong is told to whoever looks next.
 */
export async function warmPage(host: PageHost): Promise<void> {
  const frame = { now: host.clock.now(), version: "", session: null, canSignIn: false, path: "/" };
  const request = new Request("http://localhost/");
  const query = new URLSearchParams();
  const database = () => host.database();
  try {
    const ask = { frame, starts: new Starts(), request, query, host, database };
    shownAs(ask, await gridPage(ask));
  } catch {
    // The ledger may not be there yet.
  }
}

/** Opens the page. */
export function openPage(host: PageHost): Page {
  const app = routes(host);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const asksForPage = /\btext\/html\b/.test(request.headers.get("accept") ?? "");
    if (PROGRAMS.test(pathname) || !(OWN.test(pathname) || asksForPage)) return null;
    return await app.fetch(request);
  };
}

function routes(host: PageHost): Hono<Env> {
  const app = new Hono<Env>();
  const sessions = new Sessions(host.clock);
  const turns = new Turns();
  const starts = new Starts();
  const streams = new LiveStreams();
  const { access } = host;

  app.get("/assets/page.css", () => asset(style, "text/css"));
  app.get("/assets/page.js", () => asset(script, "text/javascript"));
  app.get("/assets/icon.svg", () => asset(icon, "image/svg+xml"));

  app.use(async (context, next) => {
    context.set("session", sessionOf(context, sessions));
    await next();
  });

  app.get("/session", (context) => {
    const next = ownPath(context.req.query("next"));
    const { session } = context.var;
    const refusal = access.loopback ? mayLook(context.req.raw, access, session) : null;
    if (refusal !== null) return refused(context, refusal);
    return html(signIn(context, next, null));
  });
  app.post("/session", async (context) => {
    const read = await readForm(context.req.raw, host.clock);
    if ("refusal" in read) return refused(context, read.refusal);
    const next = ownPath(read.form.get("next"));
    const refusal = mayOpen(context.req.raw, access, read.form);
    if (refusal?.code === "http/wrong_token") return html(signIn(context, next, refusal), 401);
    if (refusal !== null) return refused(context, refusal);
    return seeOther(next, { "set-cookie": cookie(sessions.open().id, context.req.raw) });
  });
  app.post("/session/end", async (context) => {
    const read = await readForm(context.req.raw, host.clock);
    if ("refusal" in read) return refused(context, read.refusal);
    const { session } = context.var;
    const refusal = mayAct(context.req.raw, access, session, read.form);
    if (refusal !== null) return refused(context, refusal);
    sessions.end(session!);
    return seeOther("/", { "set-cookie": cookie("", context.req.raw) });
  });

  app.use(async (context, next) => {
    const refusal = mayLook(context.req.raw, access, context.var.session);
    const reads = context.req.method === "GET" || context.req.method === "HEAD";
    // A form says by itself who sends it.
    return refusal !== null && (reads || refusal.status === 403)
      ? refused(context, refusal)
      : await next();
  });

  const look = (path: string, page: (ask: Ask, context: Context<Env>) => Promise<Shown>) =>
    app.get(path, async (context) => {
      const ask = askOf(context);
      return shownAs(ask, await turns.take(() => page(ask, context)));
    });
  const nameOf = ({ req }: Context<Env>) => {
    const name = req.param("name")!;
    // Postgres has no such text, and so no such pipeline.
    if (!name.includes("\0") && name.isWellFormed()) return name;
    throw new NotShown(404, "There is no such page", "The address may be mistyped.");
  };
  const lookInto = (view: string, page: (ask: Ask, pipeline: string) => Promise<Shown>) =>
    look(`/pipeline/:name/${view}`, async (ask, context) => {
      await requireKnown(ask, nameOf(context));
      return await page(ask, nameOf(context));
    });
  /** Something that a session does: asked by GET, done by the form of the answer. */
  const act = (
    path: string,
    question: (ask: Ask, name: string) => Shown | Promise<Shown>,
    done: (ask: Ask, name: string, form: URLSearchParams) => Done | Promise<Done>,
  ) => {
    app.get(path, async (context) => {
      const refusal = mayAsk(context.req.raw, access, context.var.session);
      if (refusal !== null) return refused(context, refusal);
      const ask = askOf(context);
      return shownAs(ask, await turns.take(async () => await question(ask, nameOf(context))));
    });
    app.post(path, async (context) => {
      const read = await readForm(context.req.raw, host.clock);
      if ("refusal" in read) return refused(context, read.refusal);
      const refusal = mayAct(context.req.raw, access, context.var.session, read.form);
      if (refusal !== null) return refused(context, refusal);
      const ask = askOf(context);
      const outcome = await done(ask, nameOf(context), read.form);
      return "to" in outcome ? seeOther(outcome.to) : shownAs(ask, outcome.shown);
    });
  };
  act("/pipeline/:name/run", askRun, doRun);
  act("/pipeline/:name/replay", askReplay, doReplay);
  act("/pipeline/:name/rollback", askRollback, doRollback);
  act("/run/:name/cancel", askCancel, doCancel);
  look("/", gridPage);
  look("/file", brokenFilePage);
  look("/starts", schedulePage);
  look("/queue", queuePage);
  look("/run/:id", (ask, { req }) => runPage(ask, req.param("id")!));
  lookInto("runs", runsPage);
  lookInto("versions", versionsPage);
  lookInto("rejects", rejectsPage);
  lookInto("checks", checksPage);
  lookInto("file", filePage);
  app.get(
    "/pipeline/:name/rejects.csv",
    (context) => turns.take(() => rejectsCsvFile(askOf(context), context.req.param("name"))),
  );
  app.get("/run/:id/live", (context) => streams.open(host, requireRunId(context.req.param("id"))));

  app.notFound((context) =>
    notice(context, new NotShown(404, "There is no such page", "The address may be mistyped."))
  );
  app.onError((error, context) => {
    if (error instanceof NotShown) return notice(context, error);
    const record = redactDeep(errorRecord(error), host.secrets);
    if (!(error instanceof SluiceError)) host.report(error);
    return html(
      <Layout frame={frameOf(context)} title="Error">
        <Failure error={record} />
      </Layout>,
      record.retry === "later" ? 503 : 500,
    );
  });

  function frameOf(context: Context<Env>): Frame {
    const { pathname, search } = new URL(context.req.url);
    return {
      now: host.clock.now(),
      version: host.version,
      session: context.var.session ?? null,
      canSignIn: access.token !== null,
      path: `${pathname}${search}`,
    };
  }
  function askOf(context: Context<Env>): Ask {
    return {
      request: context.req.raw,
      query: new URL(context.req.url).searchParams,
      host,
      frame: frameOf(context),
      starts,
      async database() {
        if (await host.answers()) return await host.database();
        throw new NotShown(503, "The database does not answer", "Load the page again in a moment.");
      },
    };
  }
  function signIn(context: Context<Env>, next: string, refusal: Refusal | null) {
    return (
      <Layout frame={frameOf(context)} title="Sign in">
        <SessionView next={next} refusal={refusal} />
      </Layout>
    );
  }
  function notice(context: Context<Env>, { status, title, advice }: NotShown): Response {
    return html(
      <Layout frame={frameOf(context)} title={title}>
        <Notice title={title}>
          <p>{advice}</p>
        </Notice>
      </Layout>,
      status,
    );
  }
  /** People are shown where to sign in; programs get what they get elsewhere. */
  function refused(context: Context<Env>, refusal: Refusal): Response {
    if (!/\btext\/html\b/.test(context.req.header("accept") ?? "")) {
      return refuse({ ...refusal, headers: { ...refusal.headers, ...HEADERS } });
    }
    if (refusal.status === 401) {
      const next = context.req.method === "GET" ? frameOf(context).path : "/";
      const wrong = refusal.code === "http/wrong_token" ? refusal : null;
      return html(signIn(context, next, wrong), 401);
    }
    const { message, hint = "" } = refusal;
    return html(
      <Layout frame={frameOf(context)} title={message}>
        <Notice title={message}>
          <p>{hint}</p>
        </Notice>
      </Layout>,
      refusal.status,
    );
  }
  return app;
}

function shownAs({ frame }: Ask, { title, at = "", view, status = 200 }: Shown): Response {
  return html(<Layout frame={frame} title={title} at={at}>{view}</Layout>, status);
}

function asset(text: string, type: string): Response {
  return new Response(text, {
    headers: { ...HEADERS, "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" },
  });
}

/** A path of this page to go on to: never another host, whatever the address says. */
function ownPath(path: string | null | undefined): string {
  const plain = /^\/(?![/\\])[^\\\s]*$/.test(path ?? "") ? path! : "/";
  return new URL(plain, "http://localhost").host === "localhost" ? plain : "/";
}

/** Sent over TLS only where the browser itself speaks it. */
function cookie(id: string, request: Request): string {
  const secure = request.headers.get("origin")?.startsWith("https:") ? "; Secure" : "";
  const gone = id === "" ? "; Max-Age=0" : "";
  return `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Strict${secure}${gone}`;
}
