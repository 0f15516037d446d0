import { type Command } from "commander";
import { SluiceError } from "../../core/error.ts";
import type { Cli } from "../cli.ts";
import type { Finding } from "../doctor/finding.ts";
import { EXIT } from "../exit_code.ts";
import { openDatabase } from "../open_database.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type SpecFlags,
} from "../options.ts";
import { pipelineFiles } from "../pipeline_arguments.ts";
import { readPipelines } from "../read_pipelines.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags;

/** `doctor [files]`: what would keep a run from working. */
export function addDoctorCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("doctor")
    .summary("check the connection, grants, settings, clock, disk and sources")
    .description(
      "Check whatever a run needs, and say what to do about what is wrong. Writes nothing.",
    )
    .argument("[file or folder...]", "pipelines whose targets and sources are looked at");
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} doctor
  ${cli.typed} doctor pipelines/
  ${cli.typed} doctor pipelines/yellow_taxi.yaml --env live --output json

Exit codes: 0 nothing is in the way, warnings aside; 1 something is.`,
    )
    .action(async (files: string[], flags: Flags) =>
      finish(await inSession(cli, flags, (session) => doctor(files, flags, session)))
    );
}

async function doctor(
  names: readonly string[],
  flags: Flags,
  session: Session,
): Promise<number> {
  const { cli } = session;
  const { machineFindings, reachedFindings, sourceFindings } = await import(
    "../doctor/doctor.ts"
  );
  const read = await readPipelines(await pipelineFiles(names, cli), flags, cli, true);
  const specs = read.flatMap(({ spec }) => spec ?? []);
  const findings: Finding[] = await machineFindings(cli);
  for (const { file, spec, error, diagnostics } of read) {
    if (spec !== null) continue;
    findings.push({
      name: file,
      status: "bad",
      message: error?.message ?? diagnostics[0].message,
      hint: error?.hint ?? `\`validate ${file}\` shows all that is wrong`,
    });
  }
  try {
    await using database = await openDatabase(flags, specs, "doctor", session);
    if (database.isEmbedded) {
      findings.push({
        name: "database",
        status: "ok",
        message: "the embedded one: nothing names another (--database, DATABASE_URL, PGHOST)",
        hint: null,
      });
    }
    findings.push(...await reachedFindings(database.db, specs, session));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    findings.push({
      name: "connection",
      status: "bad",
      message: error.message,
      hint: error.hint ?? `See ${error.code} in docs/database.md`,
    });
  }
  findings.push(...await sourceFindings(specs, session));
  session.view.diagnosed(findings);
  return findings.some(({ status }) => status === "bad") ? EXIT.failed : EXIT.done;
}
