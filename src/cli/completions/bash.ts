import { allCommands } from "./all_commands.ts";
import type { CommandWords, OptionWords } from "./command_tree.ts";

/** For bash 3.2 and later, with or without the package bash-completion. */
export function bashScript(program: CommandWords): string {
  const commands = allCommands(program);
  return `# bash completion of sluice
_sluice() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" next at
  for ((at = 1; at < COMP_CWORD; at++)); do
    next="\${command:+$command }\${COMP_WORDS[at]}"
    case "$next" in
      ${pattern(commands.slice(1).map(({ path }) => path.join(" ")))}) command="$next" ;;
    esac
  done
  COMPREPLY=()
  case "$command:$before" in
${commands.flatMap(optionCases).join("\n")}
  esac
  case "$command:$word" in
${commands.map(flagCase).join("\n")}
  esac
  case "$command" in
${commands.map(argumentCase).join("\n")}
  esac
}
complete -o filenames -F _sluice sluice
`;
}

/** The values of the options of a command. */
function optionCases({ path, options }: CommandWords): string[] {
  return options.filter(({ takesValue }) => takesValue).map((option) => {
    const places = option.flags.map((flag) => `${path.join(" ")}:${flag}`);
    return `    ${pattern(places)}) ${reply(option)} return ;;`;
  });
}

function flagCase({ path, options }: CommandWords): string {
  const flags = options.flatMap((option) => option.flags);
  return `    "${path.join(" ")}:-"*) ${fromWords(flags)} return ;;`;
}

function argumentCase(command: CommandWords): string {
  const { path, commands } = command;
  const names = commands.map(({ path }) => path.at(-1)!);
  return `    "${path.join(" ")}") ${names.length > 0 ? fromWords(names) : reply(command)} ;;`;
}

function reply({ choices, takesFiles }: Pick<OptionWords, "choices" | "takesFiles">): string {
  if (choices.length > 0) return fromWords(choices);
  return takesFiles ? `COMPREPLY=($(compgen -f -- "$word"));` : "";
}

function fromWords(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word"));`;
}

function pattern(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join("|");
}
