import { SluiceError } from "../core/error.ts";
import type { PageHost } from "../page/host.ts";
import type { LiveRuns } from "../page/live_runs.ts";
import type { Access } from "../schedule/http/authorize.ts";
import type { DatabaseLink } from "../schedule/database_link.ts";
import { type ServedFiles, servedPipelines } from "../schedule/pipeline_files.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import type { ServedRuns } from "./serve_run.ts";
import type { Session } from "./session.ts";

/** What the page shows and does in a process that serves pipelines. */
export interface PageParts extends Pick<PageHost, "access" | "keepsSchedules" | "signal"> {
  readonly link: DatabaseLink;
  readonly scheduler: Pick<Scheduler, "trigger" | "pipelines">;
  readonly files: () => ServedFiles;
  readonly live: LiveRuns;
  readonly runs: ServedRuns;
}

/** The page's host: everything it may use, from the parts of the process. */
export function pageHost(parts: PageParts, session: Session): PageHost {
  const { access, keepsSchedules, signal, link, scheduler, files, live, runs } = parts;
  const { cli } = session;
  return {
    access,
    keepsSchedules,
    signal,
    pipelines: () => scheduler.pipelines(),
    files,
    live,
    version: cli.version,
    typed: cli.typed,
    clock: cli.clock,
    secrets: cli.secrets,
    answers: () => link.answers(cli.clock),
    database: () => link.get(),
    report: (error) => void session.report(error),
    actions: {
      run: (pipeline, request) => scheduler.trigger(pipeline, request),
      replay: (pipeline, partition) =>
        scheduler.trigger(pipeline, {
          partitions: partition === null ? [] : [partition],
          force: false,
          command: "replay",
        }),
      async rollback(pipeline, request) {
        const served = servedPipelines(files()).find(({ spec }) => spec.pipeline === pipeline);
        return served === undefined ? null : await runs.rollback(served.spec, request, signal);
      },
      cancel: (runId) => runs.cancel(runId),
    },
  };
}

/**
 * Who may ask, by the token of the environment, which is a secret from now on.
 *
 * @throws SluiceError `cli/weak_token`, or `cli/no_token` where others reach the address without one
 */
export function accessOf(host: string, loopback: boolean, { cli }: Session): Access {
  const { variables, secrets } = cli;
  const token = variables.SLUICE_TOKEN ?? "";
  if (token === "") {
    if (!loopback) throw noToken(host);
    return { token: null, loopback };
  }
  if (token.length < SHORTEST_TOKEN || /\s/.test(token)) {
    throw new SluiceError(
      "cli/weak_token",
      `SLUICE_TOKEN must have at least ${SHORTEST_TOKEN} characters, and no spaces`,
      { hint: "Make one with: openssl rand -hex 32" },
    );
  }
  return { token: secrets.reveal("${SLUICE_TOKEN}"), loopback };
}

const SHORTEST_TOKEN = 16;

function noToken(host: string): SluiceError {
  return new SluiceError(
    "cli/no_token",
    `Other machines can reach ${host}, and SLUICE_TOKEN is not set`,
    {
      hint: "Set SLUICE_TOKEN to a secret, such as the output of: openssl rand -hex 32",
    },
  );
}
