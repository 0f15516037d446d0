import type { Argument, Command, Option } from "commander";

/** What may follow a word. */
export interface Words {
  /** Fixed words; empty: any text, or a file. */
  readonly choices: readonly string[];
  readonly takesFiles: boolean;
}

/** An option of a command. */
export interface OptionWords extends Words {
  /** `--output`, `-q`: as they are written. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
}

/** A command with what it takes. */
export interface CommandWords extends Words {
  /** From the program on: `db psql`; empty for the program. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

/** Values that are the names of files. */
const FILES = /path|file|folder/i;

/** The commands as the parser knows them, so that what is completed is what it takes. */
export function commandTree(program: Command, path: readonly string[] = []): CommandWords {
  const help = program.createHelp();
  const [argument] = program.registeredArguments;
  return {
    path,
    description: program.summary() || program.description(),
    ...wordsOf(argument),
    options: help.visibleOptions(program).map(optionOf),
    commands: help.visibleCommands(program)
      .map((each) => commandTree(each, [...path, each.name()])),
  };
}

function optionOf(option: Option): OptionWords {
  const takesValue = option.required || option.optional;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description.split("\n")[0],
    takesValue,
    choices: option.argChoices ?? [],
    takesFiles: takesValue && FILES.test(/[<[].*$/.exec(option.flags)?.[0] ?? ""),
  };
}

function wordsOf(argument: Argument | undefined): Words {
  return {
    choices: argument?.argChoices ?? [],
    takesFiles: argument !== undefined && FILES.test(argument.name()),
  };
}
