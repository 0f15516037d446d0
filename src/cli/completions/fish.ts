import { allCommands } from "./all_commands.ts";
import type { CommandWords, OptionWords } from "./command_tree.ts";

/** For fish 3 and later. */
export function fishScript(program: CommandWords): string {
  return `# fish completion of sluice
complete -c sluice -f
${allCommands(program).flatMap(linesOf).join("\n")}
`;
}

function linesOf(command: CommandWords): string[] {
  const { path, commands, options, choices, takesFiles } = command;
  const here = `complete -c sluice -n ${quoted(conditionOf(command))}`;
  return [
    ...commands.map(({ path, description }) =>
      `${here} -a ${path.at(-1)} -d ${quoted(description)}`
    ),
    ...options.map((option) => `${here} ${optionText(option)}`),
    ...(choices.length > 0 ? [`${here} -a ${quoted(choices.join(" "))}`] : []),
    ...(takesFiles && path.length > 0 ? [`${here} -F`] : []),
  ];
}

/** Where a command's words are offered: after its own, and before those of one below it. */
function conditionOf({ path, commands }: CommandWords): string {
  const [first, ...rest] = path;
  const below = commands.map(({ path }) => path.at(-1)!).join(" ");
  if (first === undefined) return "__fish_use_subcommand";
  const seen = [first, ...rest].map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
  return below === "" ? seen : `${seen}; and not __fish_seen_subcommand_from ${below}`;
}

function optionText({ flags, description, takesValue, choices, takesFiles }: OptionWords): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const value = !takesValue
    ? ""
    : choices.length > 0
    ? ` -x -a ${quoted(choices.join(" "))}`
    : takesFiles
    ? " -r -F"
    : " -x";
  return `${names.join(" ")}${value} -d ${quoted(description)}`;
}

/** Text in single quotes, as fish reads it. */
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
