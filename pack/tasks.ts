/** What of `deno.json` says how each command is started. */
export interface TaskConfig {
  readonly unstable: readonly string[];
  readonly tasks: Readonly<Record<string, { readonly command: string }>>;
  readonly permissions: Readonly<Record<string, Grants>>;
}

/** A permission set: all of a kind, or what is listed. */
export type Grants = Readonly<Record<string, true | readonly string[]>>;

/** How Deno starts each command. */
export interface CommandFlags {
  /** Of each command, by its name. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** Of what is no command: `--help`, `--version`, a mistyped word. */
  readonly others: readonly string[];
}

/** A task that starts a command: its flags, and the command's name. */
const COMMAND = /^deno run (.*)\bsrc\/main\.ts (\S+)$/;

/**
 * The flags of each command as its task has them, with the permission set spelled out: a set in a
 * file means paths beside that file, and a flag paths in the folder where one stands.
 */
export function commandFlags({ unstable, tasks, permissions }: TaskConfig): CommandFlags {
  const commands: Record<string, readonly string[]> = {};
  for (const { command } of Object.values(tasks)) {
    const [, flags, name] = COMMAND.exec(command) ?? [];
    if (name === undefined) continue;
    commands[name] = [
      ...unstable.map((feature) => `--unstable-${feature}`),
      ...flags.trim().split(/\s+/).flatMap((word) => spelledOut(word, permissions)),
    ];
  }
  // It reads, and can do nothing else.
  const others = commands.validate;
  if (others === undefined) throw new Error("deno.json has no task that validates");
  return { commands, others };
}

/** A word of a task, or the flags that the permission set it names stands for. */
export function spelledOut(
  word: string,
  permissions: TaskConfig["permissions"],
): readonly string[] {
  const name = /^-P=(.*)$/.exec(word)?.[1];
  if (name === undefined) return [word];
  const grants = permissions[name];
  if (grants === undefined) throw new Error(`deno.json has no permission set "${name}"`);
  return Object.entries(grants).map(([kind, grant]) =>
    grant === true ? `--allow-${kind}` : `--allow-${kind}=${grant.join(",")}`
  );
}
