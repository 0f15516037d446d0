import type { Command } from "commander";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { findAddress, lookingContext } from "../draft.ts";
import { EXIT } from "../exit_code.ts";
import {
  addOutputOptions,
  addSpecOptions,
  type OutputFlags,
  type SpecFlags,
  wholeNumber,
} from "../options.ts";
import { requirePipelines } from "../require_pipelines.ts";
import { inSession, type Session } from "../session.ts";
import { draftedSpec } from "./load.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & { readonly partition?: string; readonly rows: number };

/** `preview <file>`: the first rows as they would be loaded. */
export function addPreviewCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("preview")
    .summary("show the first rows as they would be loaded")
    .description(
      "Show the first rows of a pipeline's source as they would be loaded, and those that would be\n" +
        "rejected. Of a data file: as the pipeline that `init` writes would load it.",
    )
    .argument("<file>", "pipeline file (.yaml, .yml), or a data file or URL")
    .option("--partition <name>", "of this partition; by default of the first")
    .option("--rows <n>", "rows to show", wholeNumber(10_000), 10);
  addOutputOptions(addSpecOptions(command))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} preview pipelines/yellow_taxi.yaml --partition 2021-02
  ${cli.typed} preview data/orders.csv --rows 20`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => preview(file, flags, session)))
    );
}

async function preview(file: string, flags: Flags, session: Session): Promise<number> {
  const spec = await specOf(file, flags, session);
  if (spec === null) return EXIT.usage;
  const { services } = session.cli;
  session.view.preview(
    spec.pipeline,
    await services.previewSource(spec, flags.partition, flags.rows, lookingContext(session)),
  );
  return EXIT.done;
}

async function specOf(file: string, flags: Flags, session: Session): Promise<PipelineSpec | null> {
  if (/\.ya?ml$/i.test(file)) {
    return (await requirePipelines([file], flags, session, true))?.[0] ?? null;
  }
  const found = await findAddress(file, session.cli);
  return await draftedSpec(file, found, { isFull: false }, session);
}
