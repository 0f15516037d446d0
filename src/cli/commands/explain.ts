import type { Command } from "commander";
import { didYouMean } from "../../core/did_you_mean.ts";
import { SluiceError } from "../../core/error.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import type { Explanation } from "../explanations.ts";
import { addOutputOptions, type OutputFlags } from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

/** `explain <code>`: what an error code means, and what to do. */
export function addExplainCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("explain")
    .summary("explain an error code")
    .description(
      "Explain the code of an error, of a mistake in a pipeline file or of a rejected row, as the\n" +
        "documentation does. Needs no network.",
    )
    .argument(
      "[code]",
      "such as db/tls, unknown_type or invalid_date; all are listed when left out",
    );
  addOutputOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} explain plan/target_of_another
  ${cli.typed} explain invalid_timestamp --output json`,
    )
    .action(async (code: string | undefined, flags: OutputFlags) =>
      finish(await inSession(cli, flags, (session) => explain(code, session)))
    );
}

async function explain(given: string | undefined, { view }: Session): Promise<number> {
  const { explanations } = await import("../explanations.ts");
  const known = explanations();
  if (given === undefined) view.codes([...known.values()]);
  else view.explained(find(given, known));
  return EXIT.done;
}

/** By the whole code, by what stands behind its slash, and as it stands in a message. */
function find(given: string, known: ReadonlyMap<string, Explanation>): readonly Explanation[] {
  const code = given.trim().replace(/^(?:error|warning)?\[(.*)\]:?$/, "$1").toLowerCase()
    .replace(
      /^(rule|sqlstate):.*/,
      (_, kind) => kind === "rule" ? "rule:<name>" : "sqlstate:<state>",
    );
  const found = known.get(code);
  if (found !== undefined) return [found];
  const alike = [...known.values()].filter((each) => each.code.split("/")[1] === code);
  if (alike.length > 0) return alike;
  const near = didYouMean(code, known.keys());
  throw new SluiceError("cli/unknown_code", `No error has the code "${given}"`, {
    hint: near === null ? "`explain` lists all codes" : `Did you mean "${near}"?`,
  });
}
