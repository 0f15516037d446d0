import { killAndRunAtOnce, killAtMoment, terminateAtMoment } from "./at_moments.ts";
import { cutAllAtStep, cutAtByte, cutAtStep, killAtStep, terminateAtStep } from "./at_steps.ts";
import { diskFull, logFull } from "./disk_full.ts";
import { downloadCut, downloadGone, downloadRestarted, fileCut } from "./downloads.ts";
import type { Kind } from "./kind.ts";
import { restartFast, restartImmediate, serverKilled } from "./server_down.ts";
import { lockLost, twoAtOnce, twoFirstRuns, twoTargets } from "./two_runs.ts";

/** Every way in which runs are disturbed. */
export const KINDS: readonly Kind[] = [
  killAtStep,
  killAtMoment,
  killAndRunAtOnce,
  terminateAtStep,
  terminateAtMoment,
  cutAtStep,
  cutAllAtStep,
  cutAtByte,
  restartFast,
  restartImmediate,
  serverKilled,
  diskFull,
  logFull,
  downloadCut,
  downloadRestarted,
  downloadGone,
  fileCut,
  twoAtOnce,
  lockLost,
  twoTargets,
  twoFirstRuns,
];
