import { hostname } from "node:os";
import config from "../deno.json" with { type: "json" };
import { systemClock } from "../src/core/clock.ts";
import { SluiceError } from "../src/core/error.ts";
import { renderDiagnostic } from "../src/core/render_diagnostic.ts";
import { type Secrets, secretsFrom } from "../src/core/secret.ts";
import { connect } from "../src/db/connection/connect.ts";
import type { Database } from "../src/db/database.ts";
import { observeRun } from "../src/observe/observe_run.ts";
import { observeSettings } from "../src/observe/observe_settings.ts";
import { runPipeline } from "../src/run/mod.ts";
import {
  type ReadFile,
  type ServedFile as Served,
  updateFiles,
} from "../src/schedule/pipeline_files.ts";
import type { RunPipeline } from "../src/schedule/scheduler_host.ts";
import { loadSpec } from "../src/spec/load_spec.ts";

/** A pipeline file as it is served, or what is wrong with it. */
export interface ServedFile extends Served {
  readonly file: string;
}

/** A host that keeps no process: everything starts with one call and is over with it. */
export interface Serverless {
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  /** Reads the pipelines; a file that is wrong keeps no other from being served. */
  pipelines(): readonly ServedFile[];
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
      const read = names.map((name) =>
        readPipeline(`${folder}/${name}`, folder, variables, secrets)
      );
      return [...updateFiles(new Map(), read).files].map(([file, each]) => ({ file, ...each }));
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
        emit(event: { readonly type: string; readonly runId?: string | null }) {
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
  secrets: Secrets,
): ReadFile {
  const { SLUICE_ENV: environment } = variables;
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { file, served: null, fault: `"${file}" cannot be read: ${why}` };
  }
  const { spec, diagnostics } = loadSpec(text, {
    file,
    folder: Deno.realPathSync(folder),
    variables,
    secrets,
    opensSource: true,
    ...(environment === undefined ? {} : { environment }),
  });
  if (spec !== null) {
    return { file, served: { spec, schedule: spec.schedule ?? null }, fault: null };
  }
  return {
    file,
    served: null,
    fault: secrets.redact(diagnostics.map((each) => renderDiagnostic(each)).join("\n")),
  };
}
