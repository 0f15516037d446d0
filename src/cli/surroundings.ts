import type { HostGate } from "../core/host_slots.ts";
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
  /** Bounds how many read from a host at once; left out: that of the process. */
  readonly hosts?: HostGate;
  readonly interrupt: Pick<Cli["interrupt"], "signal">;
}
