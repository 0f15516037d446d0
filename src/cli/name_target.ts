import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { OutputFlags } from "./options.ts";
import type { OpenedDatabase } from "./open_database.ts";
import type { Session } from "./session.ts";
import { printable } from "./views/printable.ts";
import { wrap } from "./views/screen.ts";

/** Says which table of which database a command is about, before it does anything. */
export function nameTarget(
  specs: readonly PipelineSpec[],
  database: OpenedDatabase,
  flags: Pick<OutputFlags, "logLevel" | "logFile">,
  session: Session,
): void {
  // There the log has standard error for itself, as JSON.
  if (flags.logLevel !== undefined && flags.logFile === undefined) return;
  const { paint, width, verbose } = session.screen;
  const say = (text: string) =>
    session.note(`${paint("faint", wrap(printable(text), width, 2))}\n`);
  const where = database.isEmbedded
    ? "the embedded database (DATABASE_URL names no other)"
    : database.db.describe;
  const [{ pipeline, target }] = specs;
  say(
    specs.length > 1
      ? `${specs.length} pipelines in ${where}`
      : `${pipeline} is ${target.schema}.${target.table} in ${where}`,
  );
  if (!verbose) return;
  say(`database: named ${database.namedBy}`);
  say(`.env: ${session.cli.envFile ?? "none beside the pipeline, above it, or here"}`);
  for (const { file, environment, vars } of specs) {
    const names = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
    say([
      `file: ${file}`,
      ...(environment === null ? [] : [`environment ${environment}`]),
      ...names,
    ].join(", "));
  }
}
