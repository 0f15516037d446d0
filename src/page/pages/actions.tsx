import type { Child } from "hono/jsx";
import type { ErrorRecord } from "../../core/error.ts";
import { SluiceError } from "../../core/error.ts";
import type { Triggered } from "../../schedule/scheduler.ts";
import { type Ask, NotShown, optionOf, requireLedger, type Shown, textOf } from "../ask.ts";
import { fullCount, pipelinePath } from "../parts/format.ts";
import { At } from "../parts/time.tsx";
import { readRun } from "../queries/run.ts";
import { readVersions } from "../queries/versions.ts";
import { Confirm, type Question } from "../views/confirm.tsx";
import { isServed } from "./known.ts";
import { noSuchRun, requireRunId } from "./run.tsx";

/** What a form came to: another address, or a view that says why not. */
export type Done = { readonly to: string } | { readonly shown: Shown };

/** Partitions that one form may ask for. */
const MOST_PARTITIONS = 1_000;

/** `/pipeline/<name>/run`: asks, with what can be chosen. */
export function askRun(ask: Ask, pipeline: string, error: ErrorRecord | null = null): Shown {
  requireServed(ask, pipeline);
  const partition = textOf(ask.query, "partition");
  return confirm(ask, error, {
    title: `Run ${pipeline} now?`,
    explanation: (
      <p>
        It loads what is new or changed, and publishes it. Its schedule goes on as if nothing had
        been.
      </p>
    ),
    verb: "Run it",
    action: pipelinePath(pipeline, "run"),
    fields: {},
    back: pipelinePath(pipeline, "runs"),
  }, <RunFields partitions={partition} />);
}

function RunFields({ partitions }: { readonly partitions: string }) {
  return (
    <>
      <label>
        Partitions{" "}
        <input
          type="text"
          name="partitions"
          value={partitions}
          placeholder="all; or 2021-01 2021-02"
          size={40}
        />
      </label>
      <label class="box">
        <input type="checkbox" name="force" value="1" /> Load what is unchanged as well
      </label>
    </>
  );
}

export async function doRun(ask: Ask, pipeline: string, form: URLSearchParams): Promise<Done> {
  requireServed(ask, pipeline);
  const partitions = (form.get("partitions") ?? "").split(/[\s,]+/).filter((each) => each !== "");
  if (partitions.length > MOST_PARTITIONS) {
    const message = `One run may be asked for ${MOST_PARTITIONS} partitions at most`;
    return {
      shown: askRun(ask, pipeline, { code: "http/wrong_request", message, retry: "never" }),
    };
  }
  const request = { partitions, force: form.get("force") === "1" };
  const error = await started(await ask.host.actions.run(pipeline, request));
  return typeof error === "string"
    ? { to: `/run/${error}` }
    : { shown: { ...askRun(ask, pipeline, error), status: 409 } };
}

/** `/pipeline/<name>/replay` */
export function askReplay(
  ask: Ask,
  pipeline: string,
  error: ErrorRecord | null = null,
  partition = optionOf(ask.query, "partition"),
): Shown {
  requireServed(ask, pipeline);
  const of = partition === null ? "" : ` of ${partition}`;
  return confirm(ask, error, {
    title: `Replay the rejected rows${of} of ${pipeline}?`,
    explanation: (
      <p>
        Those that are valid by now are loaded beside what is live, each exactly once. The others
        stay where they are.
      </p>
    ),
    verb: "Replay them",
    action: pipelinePath(pipeline, "replay"),
    fields: partition === null ? {} : { partition },
    back: pipelinePath(pipeline, "rejects"),
  });
}

export async function doReplay(ask: Ask, pipeline: string, form: URLSearchParams): Promise<Done> {
  requireServed(ask, pipeline);
  const partition = optionOf(form, "partition");
  const error = await started(await ask.host.actions.replay(pipeline, partition));
  return typeof error === "string"
    ? { to: `/run/${error}` }
    : { shown: { ...askReplay(ask, pipeline, error, partition), status: 409 } };
}

/** `/pipeline/<name>/rollback` */
export async function askRollback(
  ask: Ask,
  pipeline: string,
  error: ErrorRecord | null = null,
  query = ask.query,
): Promise<Shown> {
  requireServed(ask, pipeline);
  const partition = optionOf(query, "partition");
  const to = versionOf(query);
  const versions = await requireLedger(ask, (tx) => readVersions(tx, pipeline, partition));
  const wanted = versions.find(({ version }) => version === to);
  const live = versions.find(({ state }) => state === "live");
  if (wanted === undefined) {
    throw new NotShown(404, `There is no version ${to}`, "Its list shows those that are there.");
  }
  const of = partition === null ? pipeline : `${partition} of ${pipeline}`;
  return confirm(ask, error, {
    title: `Put version ${to} of ${of} back?`,
    explanation: (
      <>
        <p>
          It has {fullCount(wanted.rows)} rows and was published{" "}
          <At at={wanted.published_at} />. Readers see it at once.
        </p>
        {live === undefined ? null : (
          <p>
            Version {live.version}, which is live, has {fullCount(live.rows)}{" "}
            rows. It is kept, and can be put back the same way.
          </p>
        )}
      </>
    ),
    verb: `Put version ${to} back`,
    action: pipelinePath(pipeline, "rollback"),
    fields: { to: String(to), ...(partition === null ? {} : { partition }) },
    back: pipelinePath(pipeline, "versions", { partition }),
  });
}

export async function doRollback(ask: Ask, pipeline: string, form: URLSearchParams): Promise<Done> {
  requireServed(ask, pipeline);
  const partition = optionOf(form, "partition");
  const request = { to: versionOf(form), ...(partition === null ? {} : { partition }) };
  try {
    const result = await ask.host.actions.rollback(pipeline, request);
    if (result === null) throw noSuchPipeline(pipeline);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const shown = await askRollback(ask, pipeline, error.toJSON(), form);
    return { shown: { ...shown, status: error.retry === "later" ? 503 : 409 } };
  }
  return { to: pipelinePath(pipeline, "versions", { partition }) };
}

/** `/run/<id>/cancel` */
export async function askCancel(ask: Ask, id: string): Promise<Shown> {
  const runId = requireRunId(id);
  const run = await requireLedger(ask, (tx) => readRun(tx, runId));
  if (run === null) throw noSuchRun(id);
  if (run.status !== "running") {
    throw new NotShown(409, "The run has ended", "There is nothing to cancel any more.");
  }
  return confirm(ask, null, {
    title: `Cancel the run of ${run.pipeline}?`,
    explanation: (
      <p>
        What it has under way is given up: nothing more is published. Partitions that it has
        published stay.
      </p>
    ),
    verb: "Cancel it",
    action: `/run/${runId}/cancel`,
    fields: {},
    back: `/run/${runId}`,
  });
}

export function doCancel({ host }: Ask, id: string): Done {
  const runId = requireRunId(id);
  if (host.actions.cancel(runId)) return { to: `/run/${runId}` };
  throw new NotShown(
    409,
    "The run is not this process's to cancel",
    "It has ended, or goes on in another process: stop it there.",
  );
}

/** The run's id, or why there is none. */
function started(triggered: Triggered): string | ErrorRecord {
  switch (triggered.kind) {
    case "started":
      return triggered.runId;
    case "ended": {
      const { result, error } = triggered.outcome;
      return result?.run_id ?? error!;
    }
    case "running":
      return refusal("http/running", "The pipeline is running already", "Wait until it ends");
    case "busy":
      return refusal(
        "http/busy",
        "As many pipelines are running as may at once",
        "Ask again later, or start the server with a greater --concurrency",
      );
    case "away":
      return refusal("http/database_away", "The database does not answer", "Ask again later");
    case "stopping":
      return refusal("http/stopping", "The server stops", "Ask again when it is back");
    case "no_such_pipeline":
      return refusal("http/no_such_pipeline", "The pipeline is gone", "Its file was removed");
  }
}

function refusal(code: string, message: string, hint: string): ErrorRecord {
  return { code, message, hint, retry: "later" };
}

function confirm(
  ask: Ask,
  error: ErrorRecord | null,
  question: Question,
  fields: Child = null,
): Shown {
  const { session } = ask.frame;
  if (session === null) throw new Error("A question to nobody");
  return {
    title: question.title,
    view: <Confirm question={question} session={session} error={error}>{fields}</Confirm>,
  };
}

function requireServed({ host }: Ask, pipeline: string): void {
  if (!isServed(host, pipeline)) throw noSuchPipeline(pipeline);
}

function noSuchPipeline(pipeline: string): NotShown {
  return new NotShown(
    404,
    `There is no pipeline ${pipeline} here`,
    "No file of the folder that this process was started with has it.",
  );
}

function versionOf(query: URLSearchParams): number {
  const text = query.get("to") ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new NotShown(400, "Which version?", "The address must name it, as in ?to=3.");
}
