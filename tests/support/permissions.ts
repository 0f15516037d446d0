import config from "../../deno.json" with { type: "json" };

type Grant = true | readonly string[];

/** Permission sets of `deno.json`, by name. */
export const PERMISSION_SETS: Readonly<Record<string, Readonly<Record<string, Grant>>>> = config
  .permissions as unknown as Record<string, Record<string, Grant>>;

/** A permission set as flags, for a process that does not start beside `deno.json`. */
export function permissionFlags(set: string): readonly string[] {
  const grants = PERMISSION_SETS[set];
  if (grants === undefined) throw new Error(`deno.json has no permission set "${set}"`);
  return Object.entries(grants).map(([name, grant]) =>
    grant === true ? `--allow-${name}` : `--allow-${name}=${grant.join(",")}`
  );
}

/** The words of a task behind `deno`, its permission set spelled out. */
export function taskWords(name: keyof typeof config.tasks): readonly string[] {
  return config.tasks[name].command.split(" ").slice(1).flatMap((word) =>
    word.startsWith("-P=") ? permissionFlags(word.slice("-P=".length)) : [word]
  );
}
