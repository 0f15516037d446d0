import { type Command, InvalidArgumentError, Option } from "commander";
import type { PipelineSpec, RefreshMode } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { findAddress, type FoundAddress, lookingContext } from "../draft.ts";
import { nameTarget } from "../name_target.ts";
import { openDatabase, runContext } from "../open_database.ts";
import {
  addDatabaseOption,
  addObserveOptions,
  addOutputOptions,
  type DatabaseFlags,
  type ObserveFlags,
  type OutputFlags,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";
import { runOne, showBars } from "../run_in_order.ts";

type Flags = OutputFlags & ObserveFlags & DatabaseFlags & {
  readonly mode?: RefreshMode;
  readonly key?: readonly string[];
  readonly force?: boolean;
};

/** `load <file> <table>`: a file into a table, without a pipeline file. */
export function addLoadCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("load")
    .summary("load a file into a table, without a pipeline file")
    .description(
      "Load a file into a table as the pipeline would that `init --full` writes: the file is read\n" +
        "twice, first for its format and types. What is not in the file any more goes from the\n" +
        "table, unless --mode says otherwise.",
    )
    .argument("<path or URL>", "the file to load")
    .argument("<table>", "schema.table to load into", tableName)
    .addOption(
      new Option("--mode <mode>", "what a load does to the table (default: full)")
        .choices(["full", "append", "upsert"]),
    )
    .addOption(
      new Option("--key <columns>", "columns that identify a row, with commas between them")
        .argParser((text: string) => text.split(",")),
    )
    .option("--force", "load an unchanged file as well");
  addObserveOptions(addOutputOptions(addDatabaseOption(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} load data/orders.csv shop.orders
  ${cli.typed} load https://example.com/prices.csv.gz shop.prices --mode upsert --key sku`,
    )
    .action(async (address: string, table: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => load(address, table, flags, session)))
    );
}

function tableName(text: string): string {
  if (/^[^.\0]+(\.[^.\0]+)?$/.test(text)) return text;
  throw new InvalidArgumentError("Write it as schema.table.");
}

async function load(
  address: string,
  target: string,
  flags: Flags,
  session: Session,
): Promise<number> {
  const { mode, key } = flags;
  const found = await findAddress(address, session.cli);
  const spec = await draftedSpec(address, found, {
    isFull: true,
    target,
    mode: mode ?? "full",
    ...(key === undefined ? {} : { key }),
  }, session);
  await using database = await openDatabase(flags, [spec], "load", session);
  nameTarget([spec], database, flags, session);
  const options = { partitions: [], force: flags.force ?? false, allowDestructive: false };
  await showBars(flags, session);
  return await runOne(spec, options, runContext(database.db, session), session, null);
}

/** The spec of the pipeline that `init` would write; whatever is wrong with it is thrown. */
export async function draftedSpec(
  file: string,
  { address }: FoundAddress,
  wanted: {
    readonly isFull: boolean;
    readonly target?: string;
    readonly mode?: RefreshMode;
    readonly key?: readonly string[];
  },
  session: Session,
): Promise<PipelineSpec> {
  const { services, workingFolder: folder, variables, secrets } = session.cli;
  const text = await services.draftPipeline(
    { address, url: address, folder, variables, ...wanted },
    lookingContext(session),
  );
  const { spec, diagnostics } = await services.loadSpec(text, {
    file,
    folder,
    variables,
    secrets,
    opensSource: true,
  });
  if (spec !== null) return spec;
  const { SluiceError } = await import("../../core/error.ts");
  const [{ message, hint }] = diagnostics;
  throw new SluiceError("cli/cannot_draft", `No pipeline can load "${file}" so: ${message}`, {
    hint: hint ?? "Write one with `init -o`, and correct it",
  });
}
