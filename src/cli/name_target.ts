import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { OutputFlags } from "./options.ts";
import type { OpenedDatabase } from "./open_database.ts";
import type { Session } from "./session.ts";
import { printable } from "./views/printable.ts";

/** Says which table of which database a command is about, before it does anything. */
export function nameTarget(
  specs: readonly PipelineSpec[],
  database: OpenedDatabase,
  flags: Pick<OutputFlags, "logLevel" | "logFile">,
  session: Session,
): void {
  // There the log has standard error for itself, as JSON.
  if (flags.logLevel !== undefined && flags.logFile === undefined) return;
  const where = database.isEmbedded
    ? "the embedded database (nothing names another: --database, DATABASE_URL, PGHOST)"
    : database.db.describe;
  if (specs.length > 1) {
    session.say(`${session.paint("faint", printable(`${specs.length} pipelines in ${where}`))}\n`);
    return;
  }
  const [{ pipeline, target }] = specs;
  const text = `${pipeline} is ${target.schema}.${target.table} in ${where}`;
  session.say(`${session.paint("faint", printable(text))}\n`);
}
