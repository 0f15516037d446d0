import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { SluiceError } from "../../core/error.ts";
import { cannotWrite } from "../cannot_write.ts";
import type { Cli } from "../cli.ts";
import { findAddress, lookingContext, urlFrom } from "../draft.ts";
import { EXIT } from "../exit_code.ts";
import { openDatabase } from "../open_database.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  type DatabaseFlags,
  type OutputFlags,
} from "../options.ts";
import { schemaLine } from "../schema_line.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & DatabaseFlags & {
  readonly full?: boolean;
  readonly write?: string;
  readonly from?: string;
  readonly target?: string;
  readonly table?: string;
  readonly query?: string;
};

/** `init <path or URL>`: a pipeline file for a file. */
export function addInitCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("init")
    .summary("look at a file and write a pipeline for it")
    .description(
      "Find out the format, the columns and the types of a file, and print a pipeline for it, with\n" +
        "what was seen of each column in a comment.",
    )
    .argument("[path or URL]", "the file to load; may be left out with --from")
    .addOption(
      new Option("--table <table>", "of a database: the table to load, schema.table")
        .conflicts(["query", "full", "from"]),
    )
    .addOption(
      new Option("--query <sql>", "of a database: the SELECT whose rows are loaded")
        .conflicts(["full", "from"]),
    )
    .option("--full", "read all of the file: types are certain then")
    .option("-o, --write <file>", "write the pipeline into a new file")
    .option("--target <table>", "schema.table to load into; by default called like the file")
    .option("--from <table>", "take the columns from a table that exists");
  addOutputOptions(addDatabaseOption(command))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} init data/orders.csv
  ${cli.typed} init data/orders.csv --full --target shop.orders -o pipelines/orders.yaml
  ${cli.typed} init https://example.com/data/trips_2021-01.csv.gz
  ${cli.typed} init data/orders.csv --from shop.orders
  ${cli.typed} init 'postgres://reader:\${SHOP_PASSWORD}@db.example.com/shop' --table public.orders`,
    )
    .action(async (address: string | undefined, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => init(address, flags, session)))
    );
}

async function init(
  address: string | undefined,
  flags: Flags,
  session: Session,
): Promise<number> {
  const { cli } = session;
  if (address === undefined && flags.from === undefined) {
    throw new SluiceError("cli/nothing_to_look_at", "There is no file to look at", {
      hint: "Name a file or a URL, or a table with --from",
    });
  }
  const wanted = rowsWanted(address, flags);
  const found = address === undefined ? null : await findAddress(address, cli);
  const base = cli.invokedFolder ?? cli.workingFolder;
  const path = flags.write === undefined ? null : resolve(base, flags.write);
  const folder = path === null ? base : dirname(path);
  const { splitName } = await import("../../inspect/mod.ts");
  await using database = flags.from === undefined
    ? null
    : await openDatabase(flags, [], "init", session);
  const [schema, table] = splitName(flags.from ?? "");
  const draft = await cli.services.draftPipeline({
    address: found?.address ?? null,
    folder: cli.workingFolder,
    url: found === null ? `${table}.csv` : urlFrom(folder, found),
    isFull: flags.full ?? false,
    variables: cli.variables,
    ...(wanted === null ? {} : { wanted }),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    ...(database === null ? {} : { from: { table: { schema, table }, db: database.db } }),
  }, lookingContext(session));
  const text = path === null ? draft : `${await schemaLine(folder)}${draft}`;
  if (path !== null) await writeNew(flags.write!, path, text);
  session.view.drafted({ file: flags.write ?? null, text });
  return EXIT.done;
}

/** What of a database is to be loaded; null: the address is one of files. */
function rowsWanted(
  address: string | undefined,
  { table, query }: Flags,
): { readonly table: string } | { readonly query: string } | null {
  if (table === undefined && query === undefined) return null;
  if (address === undefined) {
    throw new SluiceError("cli/nothing_to_look_at", "There is no database to look at", {
      hint: "Name it, such as 'postgres://user:${PASSWORD}@host/database', in single quotes",
    });
  }
  return table !== undefined ? { table } : { query: query! };
}

/** Makes its folder where there is none. @throws SluiceError where there is a file: it is kept */
async function writeNew(file: string, path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw cannotWrite(file, cause);
  }
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EEXIST") throw cannotWrite(file, cause);
    throw new SluiceError("cli/file_exists", `"${file}" exists, and is left as it is`, {
      hint: "Name another file, or remove that one",
      cause,
    });
  }
}
