import { Command, CommanderError } from "commander";
import type { Cli } from "./cli.ts";
import { COMMANDS } from "./commands/mod.ts";
import { EXIT } from "./exit_code.ts";
import { bugText } from "./views/error_text.ts";
import { paintFor } from "./views/paint.ts";

/** Runs the command that the arguments name, and returns the exit code. Never throws. */
export async function runCli(args: readonly string[], cli: Cli): Promise<number> {
  let code: number = EXIT.done;
  const program = buildProgram(cli, (finished) => void (code = finished));
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for; everything else is wrong usage, told already.
      code = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    } else {
      cli.err.write(bugText(error, cli.version, paintFor(cli.err)));
      code = EXIT.failed;
    }
  }
  await cli.out.flush();
  await cli.err.flush();
  return code;
}

/** The command line with all its commands. */
export function buildProgram(cli: Cli, finish: (code: number) => void): Command {
  const program = new Command("sluice")
    .description(
      "Load files into Postgres, as a YAML file says: typed, checked, published in one step.",
    )
    .version(cli.version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.out.write(text),
      writeErr: (text) => cli.err.write(text),
      getOutHelpWidth: () => cli.out.isTerminal ? cli.out.columns() : 100,
      getErrHelpWidth: () => cli.err.isTerminal ? cli.err.columns() : 100,
      getOutHasColors: () => cli.out.colors,
      getErrHasColors: () => cli.err.colors,
    })
    .showHelpAfterError("(--help lists the options and shows examples)")
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} run pipelines/yellow_taxi.yaml
  ${cli.typed} plan pipelines/yellow_taxi.yaml
  ${cli.typed} history pipelines/yellow_taxi.yaml
  ${cli.typed} db psql

Exit codes: 0 done, 1 failed, 2 wrong usage or pipeline file, 3 data refused, 4 an approved plan
holds no more, 75 try again later, 130 and 143 stopped by a signal. A .env file beside the
pipeline or above it is read, else that of the working folder.`,
    );
  for (const add of COMMANDS) add(program, cli, finish);
  return program;
}
