import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";
import type { SHELLS } from "../completions/mod.ts";
import { EXIT } from "../exit_code.ts";
import { inSession } from "../session.ts";
import type { Finish } from "./command.ts";

/** Those of {@link SHELLS}, whose code is read when it is asked for. */
const NAMES: readonly (keyof typeof SHELLS)[] = ["bash", "zsh", "fish"];

/** `completions <shell>`: what completes commands and options in a shell. */
export function addCompletionsCommand(program: Command, cli: Cli, finish: Finish): void {
  program.command("completions")
    .summary("print what completes commands and options in a shell")
    .description(
      "Print a script that completes `sluice`: its commands, options, their words, and files. It\n" +
        "starts nothing when it completes.",
    )
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(NAMES))
    .addHelpText(
      "after",
      `
Examples:
  sluice completions bash > ~/.local/share/bash-completion/completions/sluice
  sluice completions zsh > "\${fpath[1]}/_sluice"
  sluice completions fish > ~/.config/fish/completions/sluice.fish`,
    )
    .action(async (shell: keyof typeof SHELLS) =>
      finish(
        await inSession(cli, { output: "human" }, async () => {
          const { SHELLS } = await import("../completions/mod.ts");
          const { commandTree } = await import("../completions/command_tree.ts");
          cli.out.write(SHELLS[shell](commandTree(program)));
          return await Promise.resolve(EXIT.done);
        }),
      )
    );
}
