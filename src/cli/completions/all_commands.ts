import type { CommandWords } from "./command_tree.ts";

/** A command and all below it. */
export function allCommands(command: CommandWords): CommandWords[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** Text in single quotes, as a POSIX shell reads it. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
