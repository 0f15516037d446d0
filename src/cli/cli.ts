import type { Clock } from "../core/clock.ts";
import type { Secrets } from "../core/secret.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";
import type { Services } from "./services.ts";

/** Everything a command takes from outside; `main.ts` fills it once. */
export interface Cli {
  readonly services: Services;
  /** The environment, `.env` included, as it was at the start. */
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  /** The result. */
  readonly out: Output;
  /** Everything else. */
  readonly err: Output;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly interrupt: Interrupt;
  /** Of Sluice. */
  readonly version: string;
  readonly host: string;
  /** Absolute: `.sluice` and relative paths start here. */
  readonly workingFolder: string;
  /** Where the user stood when `deno task` moved to the project's folder; tried second. */
  readonly invokedFolder: string | null;
  /** What the user typed before the command's name: `sluice`, `deno task`. */
  readonly typed: string;
  /** The `.env` file that was read, or null. */
  readonly envFile: string | null;
}
