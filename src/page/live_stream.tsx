import type { PageHost } from "./host.ts";
import type { LivePartition, LiveRun } from "./live_runs.ts";
import { HEADERS } from "./guard.ts";
import { readLedgerWith } from "./queries/read.ts";
import { readOngoing, readRun, readWorkerParts, type Run } from "./queries/run.ts";
import { type Moving, Progress } from "./views/run_progress.tsx";

/** Browsers that watch at once: each keeps a connection. */
const WATCHERS = 24;

/** Milliseconds between two looks at the ledger, and the least between two things that are sent. */
const LOOK = 2_000;
const LEAST = 400;

/** Milliseconds without news after which a line says that there is still somebody. */
const SILENCE = 8_000;

/** Milliseconds after which a browser asks anew, so that none is kept for ever. */
const LONGEST = 600_000;

/** Lets browsers watch runs by server-sent events. */
export class LiveStreams {
  #watchers = 0;

  /** Sends how a run stands whenever that changes, and `end` when it is over. */
  open(host: PageHost, runId: string): Response {
    if (this.#watchers >= WATCHERS) {
      return new Response("Too many watch at once\n", {
        status: 503,
        headers: { ...HEADERS, "content-type": "text/plain; charset=utf-8", "retry-after": "30" },
      });
    }
    this.#watchers++;
    const gone = new AbortController();
    const stop = AbortSignal.any([gone.signal, host.signal]);
    const leave = () => {
      if (!gone.signal.aborted) this.#watchers--;
      gone.abort();
    };
    const pieces = news(host, runId, stop);
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (!done) return controller.enqueue(encoder.encode(value));
        } catch {
          // The database is away, say: the browser asks again by itself.
        }
        leave();
        controller.close();
      },
      cancel: leave,
    });
    return new Response(body, {
      headers: { ...HEADERS, "content-type": "text/event-stream; charset=utf-8" },
    });
  }
}

async function* news(host: PageHost, runId: string, stop: AbortSignal): AsyncGenerator<string> {
  const { clock, live } = host;
  const began = clock.monotonic();
  yield "retry: 3000\n\n";
  let told = "";
  let toldAt = began;
  let looked = -Infinity;
  let seen: Omit<Moving, "live"> | null = null;
  while (!stop.aborted && clock.monotonic() - began < LONGEST) {
    // What changes from here on is seen by the next turn.
    const changed = live.changed(runId);
    const here = live.get(runId);
    if (seen === null || here?.ended === true || clock.monotonic() - looked >= LOOK) {
      seen = await look(host, runId, here !== null);
      looked = clock.monotonic();
    }
    if (seen === null) return;
    const { run } = seen;
    const seconds = (clock.now().getTime() - Date.parse(run.started_at)) / 1000;
    const now = run.status === "running" ? { ...run, ...countsOf(run, here), seconds } : run;
    const text = String(<Progress data={{ ...seen, run: now, live: here }} />);
    const silent = clock.monotonic() - toldAt >= SILENCE;
    if (text !== told || silent) {
      yield text === told ? ": still there\n\n" : eventText("run", text);
      told = text;
      toldAt = clock.monotonic();
    }
    if (run.status !== "running") {
      yield eventText("end", run.status);
      return;
    }
    const woken = new AbortController();
    const either = AbortSignal.any([stop, woken.signal]);
    await Promise.race([changed, clock.sleep(LOOK, either).catch(() => {})]);
    woken.abort();
    await clock.sleep(LEAST, stop).catch(() => {});
  }
}

/** @param isHere whether this process runs it, and so knows more of it than the database */
async function look(
  host: PageHost,
  runId: string,
  isHere: boolean,
): Promise<Omit<Moving, "live"> | null> {
  const found = await readLedgerWith(await host.database(), async (tx) => {
    const run = await readRun(tx, runId);
    if (run === null) return null;
    const parts = await readWorkerParts(tx, runId);
    const isElsewhere = !isHere && run.status === "running";
    return isElsewhere
      ? { parts, ...await readOngoing(tx, run, parts) }
      : { parts, run, copying: [], published: [] };
  });
  return found === "none" || found === "older" ? null : found;
}

/** The ledger has the counts of a run when it ends. */
function countsOf(run: Run, here: LiveRun | null): Partial<Run> {
  if (here === null) return {};
  const sum = (of: (each: LivePartition) => number) =>
    here.partitions.reduce((total, each) => total + of(each), 0);
  return {
    rows_read: sum(({ rowsRead }) => rowsRead),
    rows_rejected: sum(({ rowsRejected }) => rowsRejected),
    rows_loaded: sum(({ result }) => result?.rows_loaded ?? 0) || run.rows_loaded,
  };
}

/** An event of a stream: a line break in its text must not begin another field. */
function eventText(event: string, data: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `event: ${event}\n${lines}\n`;
}
