import { SluiceError } from "../core/error.ts";
import type { RunResult } from "../core/result.ts";

/** How a command ended, for its caller; `docs/cli.md` has the table. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  /** An approved plan holds no more. */
  moved: 4,
  /** EX_TEMPFAIL of sysexits.h: the same command can succeed later. */
  later: 75,
} as const;

/** Errors about what the user typed, raised where it was first looked at. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  "db/bad_url",
  "plan/too_many_partitions",
  "ledger/unknown_run",
  "ledger/ambiguous_run",
  "plan/unknown_partition",
  "plan/unknown_version",
]);

const MOVED = "plan/moved";

/** The exit code for something that was thrown. */
export function exitCodeOfError(error: unknown): number {
  if (!(error instanceof SluiceError)) return EXIT.failed;
  if (error.code === MOVED) return EXIT.moved;
  if (error.retry !== "never") return EXIT.later;
  const usage = error.origin === "cli" || error.origin === "spec" || USAGE_CODES.has(error.code);
  return usage ? EXIT.usage : EXIT.failed;
}

/** The exit code for a run that came to its end. */
export function exitCodeOfRun({ status, partitions }: RunResult): number {
  switch (status) {
    case "succeeded":
    case "unchanged":
      return EXIT.done;
    case "refused":
      return EXIT.refused;
    case "interrupted":
      return EXIT.later;
    case "failed": {
      const unhappy = partitions.filter(({ error }) => error !== null);
      if (unhappy.length > 0 && unhappy.every(({ error }) => error?.code === MOVED)) {
        return EXIT.moved;
      }
      const later = unhappy.length > 0 && unhappy.every(({ error }) => error?.retry === "later");
      return later ? EXIT.later : EXIT.failed;
    }
  }
}

/** From harmless to grave: what needs a person outweighs what time mends. */
const GRAVITY: readonly number[] = [
  EXIT.done,
  EXIT.later,
  EXIT.refused,
  EXIT.moved,
  EXIT.failed,
  EXIT.usage,
];

/** The graver of two exit codes; one that is not in the table is a signal's, and the gravest. */
export function worseExitCode(a: number, b: number): number {
  return gravity(a) >= gravity(b) ? a : b;
}

function gravity(code: number): number {
  const at = GRAVITY.indexOf(code);
  return at === -1 ? GRAVITY.length : at;
}
