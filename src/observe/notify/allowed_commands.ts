import { delimiter } from "node:path";

/** The variable that names the programs, separated as in `PATH`. */
export const ALLOWED_COMMANDS = "SLUICE_ALLOWED_COMMANDS";

/**
 * The programs that notifications may run: those that the operator allowed, as a pipeline file has
 * to write them.
 *
 * The author of a pipeline file chooses the arguments, so Deno's `--allow-run` is not enough: the
 * tasks grant it for the programs of the embedded database, some of which can start others.
 *
 * @param flags values of `--allow-command`
 */
export function allowedCommands(
  flags: readonly string[],
  variables: Readonly<Record<string, string>>,
): readonly string[] {
  const named = (variables[ALLOWED_COMMANDS] ?? "").split(delimiter);
  return [...new Set([...flags, ...named])].filter((program) => program !== "");
}
