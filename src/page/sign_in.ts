import { readForm } from "../schedule/http/read_body.ts";
import { COOKIE, mayAct, mayLook, mayOpen } from "./guard.ts";
import { seeOther } from "./parts/html.ts";
import type { AddRoutes } from "./site.tsx";

/** `/session`: the token becomes a cookie, which ends where somebody signs out. */
export const addSessions: AddRoutes = (app, site) => {
  const { host, sessions } = site;
  const { access } = host;
  app.get("/session", (context) => {
    const next = ownPath(context.req.query("next"));
    const { session } = context.var;
    const refusal = access.loopback ? mayLook(context.req.raw, access, session) : null;
    return refusal === null ? site.signIn(context, next, null) : site.refused(context, refusal);
  });
  app.post("/session", async (context) => {
    const read = await readForm(context.req.raw, host.clock);
    if ("refusal" in read) return site.refused(context, read.refusal);
    const next = ownPath(read.form.get("next"));
    const refusal = mayOpen(context.req.raw, access, read.form);
    if (refusal?.code === "http/wrong_token") return site.signIn(context, next, refusal, 401);
    if (refusal !== null) return site.refused(context, refusal);
    return seeOther(next, { "set-cookie": cookie(sessions.open().id, context.req.raw) });
  });
  app.post("/session/end", async (context) => {
    const read = await readForm(context.req.raw, host.clock);
    if ("refusal" in read) return site.refused(context, read.refusal);
    const { session } = context.var;
    const refusal = mayAct(context.req.raw, access, session, read.form);
    if (refusal !== null) return site.refused(context, refusal);
    sessions.end(session!);
    return seeOther("/", { "set-cookie": cookie("", context.req.raw) });
  });
};

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
