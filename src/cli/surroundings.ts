import type { Cli } from "./cli.ts";

/** What of a command's surroundings work that prints nothing needs. */
export interface Surroundings extends
  Pick<
    Cli,
    | "services"
    | "variables"
    | "secrets"
    | "clock"
    | "random"
    | "version"
    | "host"
    | "workingFolder"
    | "invokedFolder"
  > {
  readonly interrupt: Pick<Cli["interrupt"], "signal">;
}
