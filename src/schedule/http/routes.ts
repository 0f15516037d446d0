import type { Clock } from "../../core/clock.ts";
import { type ErrorRecord, errorRecord, SluiceError } from "../../core/error.ts";
import { redactDeep } from "../../core/redact_deep.ts";
import type { Secrets } from "../../core/secret.ts";
import type { Queryable } from "../../db/database.ts";
import { findRun } from "../../ledger/mod.ts";
import type { Overview } from "../model.ts";
import { recentRuns } from "../recent_runs.ts";
import type { Scheduler } from "../scheduler.ts";
import { failed, json, type Refusal, refuse, text } from "./answer.ts";
import { type Access, authorize } from "./authorize.ts";
import { readJson } from "./read_body.ts";
import { runRequestOf } from "./run_request.ts";

/** What the server answers from. */
export interface HttpHost {
  readonly access: Access;
  readonly scheduler: Pick<Scheduler, "trigger" | "stopping" | "reachable">;
  readonly overview: () => Overview;
  /** Whether the database answers soon. */
  readonly answers: () => Promise<boolean>;
  /** Connects where need be. */
  readonly database: () => Promise<Queryable>;
  readonly clock: Clock;
  /** What people look at; null for what is none of its addresses. Left out: there is none. */
  readonly page?: (request: Request) => Promise<Response | null>;
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  readonly secrets: Pick<Secrets, "redact">;
  /** What is a bug of ours, for whoever looks after the server. */
  readonly report: (error: unknown) => void;
}

/** Runs of `GET /runs`, unless asked for more or less. */
const RUNS = 50;
const MOST_RUNS = 500;

/** Answers one request; never throws. */
export async function answer(request: Request, host: HttpHost): Promise<Response> {
  try {
    return await route(request, host);
  } catch (error) {
    const record = errorRecord(error);
    if (record.code === "core/bug") host.report(error);
    return failed(redactDeep(record, host.secrets), record.retry === "later" ? 503 : 500);
  }
}

async function route(request: Request, host: HttpHost): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const { method } = request;
  const reads = method === "GET" || method === "HEAD";
  if (pathname === "/healthz" && reads) return text("ok\n");
  if (pathname === "/readyz" && reads) return await ready(host);
  const page = await host.page?.(request) ?? null;
  if (page !== null) return page;
  const refusal = authorize(request, host.access);
  if (refusal !== null) return refuse(refusal);
  const run = /^\/runs\/([0-9a-f-]{4,36})$/i.exec(pathname)?.[1];
  switch (run === undefined ? pathname : "/runs/ID") {
    case "/metrics":
      if (!reads) return notAllowed("GET");
      return text(await host.metrics(), 200, "text/plain; version=0.0.4; charset=utf-8");
    case "/schedule":
      if (!reads) return notAllowed("GET");
      return json(redactDeep(host.overview(), host.secrets));
    case "/runs":
      if (method === "POST") return await startRun(request, host);
      return reads ? await listRuns(searchParams, host) : notAllowed("GET, POST");
    case "/runs/ID":
      return reads ? await showRun(run!, host) : notAllowed("GET");
  }
  return refuse({
    status: 404,
    code: "http/no_such_page",
    message: `There is no "${pathname}" here`,
    hint: "Paths: /healthz, /readyz, /metrics, /schedule, /runs and /runs/<id>",
  });
}

async function ready({ answers, scheduler }: HttpHost): Promise<Response> {
  if (scheduler.stopping) return text("stopping\n", 503);
  if (!await answers()) return text("the database does not answer\n", 503);
  return scheduler.reachable ? text("ready\n") : text("the ledger cannot be used yet\n", 503);
}

async function startRun(request: Request, host: HttpHost): Promise<Response> {
  const body = await readJson(request, host.clock);
  if ("refusal" in body) return refuse(body.refusal);
  const read = runRequestOf(body.value);
  if ("refusal" in read) return refuse(read.refusal);
  const { pipeline, ...asked } = read.asked;
  const triggered = await host.scheduler.trigger(pipeline, asked);
  switch (triggered.kind) {
    case "started": {
      const { runId } = triggered;
      const location = { location: `/runs/${runId}` };
      return json({ run_id: runId, pipeline, status: "running" }, 202, location);
    }
    case "ended": {
      const { result, error } = triggered.outcome;
      if (result !== null) return json({ run_id: result.run_id, pipeline, status: result.status });
      return failed(redactDeep(error!, host.secrets), statusOf(error!));
    }
    case "running":
      return refuse({
        status: 409,
        code: "http/running",
        message: `Pipeline "${pipeline}" is running`,
        hint: "Wait until it ends: GET /runs shows it",
      });
    case "busy":
      return refuse({
        status: 503,
        code: "http/busy",
        message: "As many pipelines are running as --concurrency allows",
        hint: "Ask again later, or start the server with a greater --concurrency",
        headers: { "retry-after": "30" },
      });
    case "away":
      return refuse(AWAY);
    case "stopping":
      return refuse({ status: 503, code: "http/stopping", message: "The server stops" });
    case "no_such_pipeline": {
      const names = host.overview().pipelines.map((each) => each.pipeline);
      const hint = names.length === 0 ? "The folder has none" : `Pipelines: ${names.join(", ")}`;
      const message = `There is no pipeline "${pipeline}"`;
      return refuse({ status: 404, code: "http/no_such_pipeline", message, hint });
    }
  }
}

const AWAY: Refusal = {
  status: 503,
  code: "http/database_away",
  message: "The database does not answer",
  hint: "GET /readyz says when it does again",
  headers: { "retry-after": "30" },
};

async function listRuns(
  search: URLSearchParams,
  { answers, database }: HttpHost,
): Promise<Response> {
  const asked = search.get("limit") ?? String(RUNS);
  const limit = Number(asked);
  if (!/^\d+$/.test(asked) || limit < 1 || limit > MOST_RUNS) {
    const message = `"limit" must be a whole number from 1 to ${MOST_RUNS}`;
    return refuse({ status: 400, code: "http/wrong_request", message });
  }
  const pipeline = search.get("pipeline");
  // Postgres has no such text, and so no such pipeline.
  if (pipeline?.includes("\0")) return json({ runs: [] });
  if (!await answers()) return refuse(AWAY);
  const filter = { limit, ...(pipeline === null ? {} : { pipeline }) };
  return json({ runs: await recentRuns(await database(), filter) });
}

/** Characters of a UUID with its dashes. */
const WHOLE_ID = 36;

/** By its id, or the beginning of it. */
async function showRun(given: string, { answers, database }: HttpHost): Promise<Response> {
  if (!await answers()) return refuse(AWAY);
  const db = await database();
  try {
    const runId = given.length === WHOLE_ID ? given : await findRun(db, given, null);
    const [run] = await recentRuns(db, { runId, limit: 1 });
    if (run !== undefined) return json(run);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (error.code === "ledger/ambiguous_run") return failed(error.toJSON(), 409);
    if (error.code !== "ledger/unknown_run") throw error;
  }
  return refuse({ status: 404, code: "http/no_such_run", message: `There is no run "${given}"` });
}

/** What is wrong with the request, with what it met, or with us. */
function statusOf({ code, retry }: ErrorRecord): number {
  if (code === "ledger/target_locked") return 409;
  if (retry === "later") return 503;
  return code.startsWith("cli/") ? 400 : 500;
}

function notAllowed(allow: string): Response {
  return refuse({
    status: 405,
    code: "http/method_not_allowed",
    message: `Only ${allow} is allowed here`,
    headers: { allow },
  });
}
