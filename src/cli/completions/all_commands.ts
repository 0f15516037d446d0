import type { CommandWords } from "./command_tree.ts";

/** A command and all below it. */
export function allCommands(command: CommandWords): CommandWords[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
