import { bashScript } from "./bash.ts";
import type { CommandWords } from "./command_tree.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

/** How each shell's script is written. */
export const SHELLS: Readonly<Record<string, (program: CommandWords) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};
