import { singleQuoted } from "../views/run_text.ts";
import { allCommands } from "./all_commands.ts";
import type { CommandWords, OptionWords, Words } from "./command_tree.ts";

/** For zsh with its completion system (`compinit`). */
export function zshScript(program: CommandWords): string {
  return `#compdef sluice
# zsh completion of sluice
${allCommands(program).map(functionOf).join("\n")}
# Read by \`source\`, or by the completion system, which calls it.
if [[ "$funcstack[1]" == "_sluice" ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
}

function functionOf(command: CommandWords): string {
  const { commands, options } = command;
  const specs = options.map(optionSpec);
  if (commands.length === 0) {
    const rest = command.choices.length > 0 || command.takesFiles
      ? [singleQuoted(`*:argument:${actionOf(command)}`)]
      : [];
    return `${nameOf(command)}() {
  _arguments -s -S ${["\\", ...[...specs, ...rest].map((spec) => `    ${spec} \\`)].join("\n")}
    && return 0
}
`;
  }
  const described = commands.map(({ path, description }) =>
    `    ${singleQuoted(`${path.at(-1)!}:${description.replaceAll(":", "\\:")}`)}`
  );
  return `${nameOf(command)}() {
  local context state line
  local -a commands=(
${described.join("\n")}
  )
  _arguments -C -s ${["\\", ...specs.map((spec) => `    ${spec} \\`)].join("\n")}
    '1:command:->command' '*::argument:->argument'
  case "$state" in
    command) _describe command commands ;;
    argument) case "$line[1]" in
${commands.map((each) => `      ${each.path.at(-1)}) ${nameOf(each)} ;;`).join("\n")}
    esac ;;
  esac
}
`;
}

function nameOf({ path }: CommandWords): string {
  return ["_sluice", ...path].join("_");
}

/** `'(-q --quiet)'{-q,--quiet}'[say less]'` */
function optionSpec(option: OptionWords): string {
  const { flags, description, takesValue } = option;
  const about = `[${description.replace(/[[\]\\]/g, "\\$&")}]`;
  const value = takesValue ? `:value:${actionOf(option)}` : "";
  // It may be given again, as --set and --partition may.
  const rest = singleQuoted(`${about}${value}`);
  const names = flags.length > 1 ? `{${flags.join(",")}}` : flags[0];
  return `'*'${names}${rest}`;
}

function actionOf({ choices, takesFiles }: Words): string {
  if (choices.length > 0) return `(${choices.join(" ")})`;
  return takesFiles ? "_files" : " ";
}
