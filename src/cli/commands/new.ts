import { resolve } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { addOutputOptions, type OutputFlags } from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & { readonly schema?: boolean };

/** `new [folder]`: a folder of one's own. */
export function addNewCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("new")
    .summary("make a folder with a pipeline that loads")
    .description(
      "Make a folder with a pipeline and its data, settings to fill in, the schema for the editor,\n" +
        "and examples for CI and cron. Nothing is written over.",
    )
    .argument("[folder]", "where; by default the current folder")
    .option("--schema", "print the schema for the editor, and make nothing");
  addOutputOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} new shop
  ${cli.typed} new
  ${cli.typed} new --schema > schemas/pipeline.schema.json`,
    )
    .action(async (folder: string | undefined, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => make(folder ?? ".", flags, session)))
    );
}

async function make(name: string, flags: Flags, session: Session): Promise<number> {
  const { cli, view, userFolder } = session;
  const { pipelineJsonSchemaText } = await import("../../spec/json_schema.ts");
  const schema = pipelineJsonSchemaText();
  if (flags.schema) {
    cli.out.write(schema);
    return EXIT.done;
  }
  const { newFiles, writeNewFiles } = await import("../new_folder.ts");
  const folder = resolve(userFolder, name);
  const files = newFiles({ folder, version: cli.version, schema });
  await writeNewFiles(folder, files, name);
  view.folderMade({ folder, isHere: folder === userFolder, files: Object.keys(files) });
  return EXIT.done;
}
