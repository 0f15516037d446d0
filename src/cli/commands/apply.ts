import type { Command } from "commander";
import { SluiceError } from "../../core/error.ts";
import { isSameDatabase } from "../../db/identity.ts";
import type { ApprovedPlan } from "../../plan/moved.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { type OpenedDatabase, runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import {
  addDatabaseOption,
  addObserveOptions,
  addOutputOptions,
  type DatabaseFlags,
  type ObserveFlags,
  type OutputFlags,
} from "../options.ts";
import { type PlanDocument, readPlanFile } from "../plan_file.ts";
import { runInOrder } from "../run_in_order.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & ObserveFlags & DatabaseFlags;

/** `apply <plan file>`: run what was approved, or nothing. */
export function addApplyCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("apply")
    .summary("run a plan that plan --out has written, if nothing has moved since")
    .description(
      "Run exactly what a plan file says. Where the pipeline file, a source, the target or the\n" +
        "ledger has moved since it was made, nothing is loaded, and what moved is named.",
    )
    .argument("<plan file>", "written by plan --out");
  addObserveOptions(addOutputOptions(addDatabaseOption(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} plan pipelines/yellow_taxi.yaml --out plan.json
  ${cli.typed} apply plan.json`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => apply(file, flags, session)))
    );
}

async function apply(name: string, flags: Flags, session: Session): Promise<number> {
  const { cli, view } = session;
  const document = await readPlanFile(name, cli.version, cli);
  const { env, set, options, plans } = document;
  if (plans.length > 1) view.severalRuns();
  const files = plans.map(({ file }) => file);
  const specFlags = { ...(env === null ? {} : { env }), set };
  const { concurrency } = options;
  const asked = { ...flags, ...specFlags, ...(concurrency === undefined ? {} : { concurrency }) };
  await using opened = await openPipelines(files, asked, session, {
    command: "apply",
    opensSource: true,
  });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  await requireDatabase(name, document, database, session);
  const context = runContext(database.db, session);
  const approved = new Map<PipelineSpec, ApprovedPlan>(
    specs.map((spec, at) => [spec, { plan: plans[at].plan, basis: plans[at].basis }]),
  );
  const optionsOf = (spec: PipelineSpec) => ({ ...options, approved: approved.get(spec)! });
  // All of it was approved together: where one has moved, none is begun.
  if (specs.length > 1) {
    for (const spec of specs) await cli.services.checkApproved(spec, optionsOf(spec), context);
  }
  return await runInOrder(specs, optionsOf, flags, context, session);
}

/** @throws SluiceError `cli/plan_of_another_database` */
async function requireDatabase(
  name: string,
  { database: planned }: PlanDocument,
  { db }: OpenedDatabase,
  { cli }: Session,
): Promise<void> {
  const here = await cli.services.readIdentity(db);
  if (isSameDatabase(planned, here)) return;
  throw new SluiceError(
    "cli/plan_of_another_database",
    `"${name}" was made for database "${planned.name}" at ${planned.address}, and this is ` +
      `"${here.name}" at ${db.describe}`,
    { hint: "Name that database with --database, or make a plan for this one" },
  );
}
