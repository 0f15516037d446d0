import config from "../../deno.json" with { type: "json" };
import { type Grants, spelledOut } from "../../pack/tasks.ts";

/** Permission sets of `deno.json`, by name. */
export const PERMISSION_SETS: Readonly<Record<string, Grants>> = config
  .permissions as unknown as Record<string, Grants>;

/** A permission set as flags, for a process that does not start beside `deno.json`. */
export function permissionFlags(set: string): readonly string[] {
  return spelledOut(`-P=${set}`, PERMISSION_SETS);
}

/** The words of a task behind `deno`, its permission set spelled out. */
export function taskWords(name: keyof typeof config.tasks): readonly string[] {
  return config.tasks[name].command.split(" ").slice(1)
    .flatMap((word) => spelledOut(word, PERMISSION_SETS));
}
