import { type Context, Hono } from "hono";
import { readForm } from "../schedule/http/read_body.ts";
import icon from "./assets/icon.svg" with { type: "text" };
import script from "./assets/page.js" with { type: "text" };
import style from "./assets/page.css" with { type: "text" };
import type { Ask, Shown } from "./ask.ts";
import { HEADERS, mayAct, mayAsk, mayLook, sessionOf } from "./guard.ts";
import type { PageHost } from "./host.ts";
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
import { seeOther } from "./parts/html.ts";
import { addSessions } from "./sign_in.ts";
import { type AddRoutes, type Env, noSuchPage, shownAs, Site } from "./site.tsx";
import { Starts } from "./starts.ts";

/** Answers what is asked of the page; null for what is none of its addresses. Never throws. */
export type Page = (request: Request) => Promise<Response | null>;

/** The paths of programs: whoever asks for one gets what it has always been. */
const PROGRAMS = /^\/(healthz|readyz|metrics|schedule|runs)(\/|$)/;

/** The paths of the page. Of all others it has those that a browser asks for, to say so. */
const OWN = /^\/(|(assets|pipeline|run|session)(\/.*)?|file|starts|queue)$/;

/**
 * Looks at the grid once, for nobody: the first person who does finds the code compiled and a
 * connection open. What goes wrong is told to whoever looks next.
 */
export async function warmPage(host: PageHost): Promise<void> {
  const frame = {
    now: host.clock.now(),
    version: "",
    typed: "",
    session: null,
    canSignIn: false,
    path: "/",
  };
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
  const site = new Site(host);
  app.get("/assets/page.css", () => asset(style, "text/css"));
  app.get("/assets/page.js", () => asset(script, "text/javascript"));
  app.get("/assets/icon.svg", () => asset(icon, "image/svg+xml"));
  app.use(async (context, next) => {
    context.set("session", sessionOf(context, site.sessions));
    await next();
  });
  addSessions(app, site);
  app.use(async (context, next) => {
    const refusal = mayLook(context.req.raw, host.access, context.var.session);
    const reads = context.req.method === "GET" || context.req.method === "HEAD";
    // A form says by itself who sends it.
    return refusal !== null && (reads || refusal.status === 403)
      ? site.refused(context, refusal)
      : await next();
  });
  addActions(app, site);
  addViews(app, site);
  app.notFound((context) => site.notFound(context));
  app.onError((error, context) => site.failed(error, context));
  return app;
}

/** What a session does: asked by GET, done by the form of the answer. */
const addActions: AddRoutes = (app, site) => {
  const { host, turns } = site;
  const { access } = host;
  const act = (
    path: string,
    question: (ask: Ask, name: string) => Shown | Promise<Shown>,
    done: (ask: Ask, name: string, form: URLSearchParams) => Done | Promise<Done>,
  ) => {
    app.get(path, async (context) => {
      const refusal = mayAsk(context.req.raw, access, context.var.session);
      if (refusal !== null) return site.refused(context, refusal);
      const ask = site.askOf(context);
      return shownAs(ask, await turns.take(async () => await question(ask, nameOf(context))));
    });
    app.post(path, async (context) => {
      const read = await readForm(context.req.raw, host.clock);
      if ("refusal" in read) return site.refused(context, read.refusal);
      const refusal = mayAct(context.req.raw, access, context.var.session, read.form);
      if (refusal !== null) return site.refused(context, refusal);
      const ask = site.askOf(context);
      const outcome = await done(ask, nameOf(context), read.form);
      return "to" in outcome ? seeOther(outcome.to) : shownAs(ask, outcome.shown);
    });
  };
  act("/pipeline/:name/run", askRun, doRun);
  act("/pipeline/:name/replay", askReplay, doReplay);
  act("/pipeline/:name/rollback", askRollback, doRollback);
  act("/run/:name/cancel", askCancel, doCancel);
};

/** What anybody may look at who sees the page at all. */
const addViews: AddRoutes = (app, site) => {
  const { host, turns, streams } = site;
  const look = (path: string, page: (ask: Ask, context: Context<Env>) => Promise<Shown>) =>
    app.get(path, async (context) => {
      const ask = site.askOf(context);
      return shownAs(ask, await turns.take(() => page(ask, context)));
    });
  const lookInto = (view: string, page: (ask: Ask, pipeline: string) => Promise<Shown>) =>
    look(`/pipeline/:name/${view}`, async (ask, context) => {
      await requireKnown(ask, nameOf(context));
      return await page(ask, nameOf(context));
    });
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
    (context) => turns.take(() => rejectsCsvFile(site.askOf(context), context.req.param("name"))),
  );
  app.get("/run/:id/live", (context) => streams.open(host, requireRunId(context.req.param("id"))));
};

/** The name in a request's path. */
function nameOf({ req }: Context<Env>): string {
  const name = req.param("name")!;
  // Postgres has no such text, and so no such pipeline.
  if (!name.includes("\0") && name.isWellFormed()) return name;
  throw noSuchPage();
}

function asset(text: string, type: string): Response {
  return new Response(text, {
    headers: { ...HEADERS, "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" },
  });
}
