/// <reference lib="deno.worker" />
import { systemClock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import type { RunResult } from "../core/result.ts";
import { redactDeep } from "../core/redact_deep.ts";
import { type Secrets, secretsFrom } from "../core/secret.ts";
import type { RollbackResult } from "../publish/rollback.ts";
import { observedServices } from "./observed_services.ts";
import { realServices } from "./services.ts";
import type { Surroundings } from "./surroundings.ts";
import { readTask } from "./thread_read.ts";
import { rollbackTask, runTask } from "./thread_run.ts";
import { AskedPlaces } from "./thread_hosts.ts";
import type { FromThread, ThreadStart, ToThread } from "./thread_task.ts";
import { telemetryIsOn } from "../observe/observe_settings.ts";

/** The `main.ts` of a thread: what it looks at, it was given. */

const stopping = new AbortController();
/** Places at hosts are kept by the first thread. */
const hosts = new AskedPlaces((message) => self.postMessage(message));
let secrets: Secrets = secretsFrom({});

self.onmessage = ({ data }: MessageEvent<ToThread>) => {
  if (data.kind === "start") void work(data.start);
  else if (data.kind === "host_free") hosts.granted(data.id);
  else stopping.abort(data.canceled ? canceled() : serverStops());
};
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  tellFailure(event.reason);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  tellFailure(event.error);
});

function serverStops(): SluiceError {
  return new SluiceError("cli/interrupted", "The server stops", { retry: "later" });
}

/** What became of the run is in the ledger; here only what was under way is given up. */
function canceled(): SluiceError {
  return new SluiceError("cli/canceled", "Somebody canceled the run", {
    hint: "Run the pipeline again to load what is missing",
  });
}

async function work({ surroundings, flags, task }: ThreadStart): Promise<void> {
  const { variables } = surroundings;
  secrets = secretsFrom(variables);
  const services = realServices();
  const around: Surroundings = {
    ...surroundings,
    services,
    secrets,
    clock: systemClock,
    random: Math.random,
    interrupt: { signal: stopping.signal },
    hosts,
  };
  const emit = (message: FromThread) => self.postMessage(redactDeep(message, secrets));
  const observed = { ...around, services: observedServices(around, flags) };
  const doIt = (): Promise<RunResult | RollbackResult | null> =>
    task.kind === "read"
      // Specs hold references in place of secrets, and must stay as they are.
      ? readTask(task, flags, around, (message) => self.postMessage(message))
      : task.kind === "run"
      ? runTask(task, flags, observed, emit)
      : rollbackTask(task, flags, around);
  try {
    emit({ kind: "done", result: await (telemetryIsOn(variables) ? untraced(doIt) : doIt()) });
  } catch (error) {
    tellFailure(error);
  }
}

/** The runtime's own spans would tell URLs and what is in them. */
async function untraced<T>(work: () => Promise<T>): Promise<T> {
  const { untraced } = await import("../observe/telemetry.ts");
  return await untraced(work);
}

function tellFailure(error: unknown): void {
  const failure: FromThread = error instanceof SluiceError
    ? { kind: "failed", error: error.toJSON() }
    : error instanceof Error
    ? { kind: "bug", message: `${error.name}: ${error.message}`, stack: error.stack ?? "" }
    : { kind: "bug", message: String(error), stack: "" };
  self.postMessage(redactDeep(failure, secrets));
}
