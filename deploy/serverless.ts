import { hostname } from "node:os";
import config from "../deno.json" with { type: "json" };
import { systemClock } from "../src/core/clock.ts";
import { SluiceError } from "../src/core/error.ts";
import { renderDiagnostic } from "../src/core/render_diagnostic.ts";
import { secretsFrom } from "../src/core/secret.ts";
import { connect } from "../src/db/connect.ts";
import type { Database } from "../src/db/database.ts";
import { observeRun } from "../src/observe/observe_run.ts";
import { observeSettings } from "../src/observe/settings.ts";
import { runPipeline } from "../src/run.ts";
import type { RunPipeline, ServedPipeline } from "../src/schedule/scheduler_host.ts";
import { loadSpec } from "../src/spec/load_spec.ts";

/** A host that keeps no process: everything starts with one call and is over with it. */
export interface Serverless {
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: ReturnType<typeof secretsFrom>;
  /** Reads the pipelines; throws where a file is wrong, since nobody would see it otherwise. */
  pipelines(): ServedPipeline[];
  /** Connects to `DATABASE_URL`. */
  open(): Promise<Database>;
  /** Runs a pipeline over a database that is open. */
  runOver(db: Database): RunPipeline;
}

/**
 * Sluice for functions and jobs without a process of their own.
 *
 * `SLUICE_PIPELINES` is the folder of the pipeline files (`pipelines` when left out), and
 * `SLUICE_ENV` their environment.
 */
export function serverless(variables: Readonly<Record<string, string>>): Serverless {
  const secrets = secretsFrom(variables);
  const folder = variables.SLUICE_PIPELINES ?? "pipelines";
  return {
    variables,
    secrets,
    pipelines() {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
      return names.map((name) => readPipeline(`${folder}/${name}`, folder, variables));
    },
    async open() {
      if ((variables.DATABASE_URL ?? "") === "") {
        throw new SluiceError("db/bad_url", "DATABASE_URL is not set", {
          hint: "Set it where the function is deployed",
        });
      }
      return await connect({
        url: "${DATABASE_URL}",
        variables,
        secrets,
        applicationName: "sluice function",
        maxConnections: 12,
      });
    },
    runOver: (db) => async (spec, { partitions, force }, signal, onStart) => {
      const context = {
        db,
        secrets,
        clock: systemClock,
        random: Math.random,
        signal,
        emit(event: { readonly type: string; readonly runId?: string }) {
          if (event.type === "run_started") onStart(event.runId!);
        },
        version: config.version,
        host: hostname(),
      };
      const nothing = { lineageFile: null, logTable: null, allowCommand: [] };
      const settings = observeSettings(variables, nothing);
      const options = { partitions, force, allowDestructive: false };
      return await observeRun(
        spec,
        context,
        settings,
        (context) => runPipeline(spec, options, context),
      );
    },
  };
}

function readPipeline(
  file: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
): ServedPipeline {
  const { SLUICE_ENV: environment } = variables;
  const { spec, diagnostics } = loadSpec(Deno.readTextFileSync(file), {
    file,
    folder: Deno.realPathSync(folder),
    variables,
    ...(environment === undefined ? {} : { environment }),
  });
  if (spec === null) throw wrongFile(diagnostics.map((each) => renderDiagnostic(each)).join("\n"));
  return { spec, schedule: spec.schedule ?? null };
}

function wrongFile(message: string): SluiceError {
  return new SluiceError("spec/wrong_file", message, { hint: "Mend the file and deploy again" });
}
