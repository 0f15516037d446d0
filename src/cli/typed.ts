/**
 * The words that the user typed before the name of the command, for texts that name another one.
 *
 * @param variables the environment
 */
export function typedBefore(variables: Readonly<Record<string, string>>): string {
  // What starts Sluice by its own name says so: the npm package, and what `deno task install` wrote.
  const told = variables.SLUICE_TYPED;
  if (told !== undefined && told !== "") return told;
  // `deno task` sets it. npm and npx do as well, and around a task it was they who were typed.
  if (variables.INIT_CWD === undefined || variables.INIT_CWD === "") return "sluice";
  return variables.npm_lifecycle_event === "npx" ? "npx -y deno task" : "deno task";
}

/** Whether commands are tasks of a project, which run in its folder whatever folder one stands in. */
export function isTaskOf(typed: string): boolean {
  return typed.endsWith("deno task");
}
