import type { Command } from "commander";
import { afterOrder } from "../../core/after_order.ts";
import { errorRecord } from "../../core/error.ts";
import { requireReferences } from "../../distribute/literal_secrets.ts";
import type { Cli } from "../cli.ts";
import { EXIT, worseExitCode } from "../exit_code.ts";
import { runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addRunOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type RunFlags,
  runOptionsOf,
  type SpecFlags,
} from "../options.ts";
import { type PlannedFile, writePlanFile } from "../plan_file.ts";
import { inSession, type Session } from "../session.ts";
import { shellWord } from "../views/run_text.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags & RunFlags & {
  readonly sql?: boolean;
  readonly out?: string;
};

/** `plan <file…>`: what `run` would do. */
export function addPlanCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("plan")
    .summary("print what run would do; writes nothing")
    .description(
      "Print which partitions run would load or skip and why, what it would make or alter, and\n" +
        "the locks it would take. Writes nothing into the database.",
    )
    .argument("<file or folder...>", "pipeline files, or folders of them")
    .option("--sql", "print each SQL statement as well, with its reason and its lock")
    .option("--out <file>", "write the plan into a file as well, for apply");
  addOutputOptions(addDatabaseOption(addRunOptions(addSpecOptions(command))))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} plan pipelines/yellow_taxi.yaml
  ${cli.typed} plan pipelines/yellow_taxi.yaml --sql
  ${cli.typed} plan pipelines/ --out plan.json
  ${cli.typed} plan pipelines/yellow_taxi.yaml --partition 2021-02 --force --output json`,
    )
    .action(async (files: string[], flags: Flags) =>
      finish(await inSession(cli, flags, (session) => plan(files, flags, session)))
    );
}

async function plan(names: readonly string[], flags: Flags, session: Session): Promise<number> {
  const { cli, view } = session;
  await using opened = await openPipelines(names, flags, session, {
    command: "plan",
    takesFolders: true,
    opensSource: true,
    prepare(read) {
      const { ordered } = afterOrder(read);
      for (const spec of flags.out === undefined ? [] : ordered ?? []) {
        requireReferences(spec, "A plan file would hold", "where the plan is applied");
      }
      return ordered;
    },
  });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  if (specs.length > 1) view.severalPlans();
  const options = runOptionsOf(flags);
  const context = runContext(database.db, session);
  const planned: PlannedFile[] = [];
  let code: number = EXIT.done;
  for (const spec of specs) {
    const { file } = spec;
    try {
      const plan = await cli.services.planPipeline(spec, options, context);
      if (flags.out !== undefined) {
        planned.push({ file, ...await cli.services.approvePlan(plan, context) });
      }
      view.plan({ file, plan, error: null }, flags.sql ?? false);
    } catch (error) {
      if (specs.length === 1 || cli.interrupt.signal.aborted) throw error;
      view.plan({ file, plan: null, error: errorRecord(error) }, false);
      code = worseExitCode(code, session.report(error, spec.pipeline));
    }
  }
  if (flags.out === undefined || code !== EXIT.done) return code;
  await writePlanFile(
    flags.out,
    {
      version: cli.version,
      made_at: cli.clock.now().toISOString(),
      database: {
        ...await cli.services.readIdentity(database.db),
        address: database.db.describe,
      },
      env: flags.env ?? null,
      set: flags.set,
      options,
      plans: planned,
    },
    cli.secrets,
    cli,
  );
  session.note(
    `${flags.out} is written; run what it says with\n  ${cli.typed} apply ${
      shellWord(flags.out)
    }\n`,
  );
  return code;
}
