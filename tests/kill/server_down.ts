import { openArena } from "./arena.ts";
import type { ArenaDatabase } from "./arena.ts";
import { brief, runThroughProxy } from "./at_steps.ts";
import { startRun } from "./command_line.ts";
import { tryPoint } from "./interrupt.ts";
import type { Kind, Trial } from "./kind.ts";
import { type Downfall, openOwnServer } from "./own_server.ts";

const ENDING = {
  codes: [0, 75],
  clean: false,
  watched: false,
  // With the other strategy sequences of the copy go back after a crash: Postgres 18 copies the
  // numbers it has logged ahead as if they were logged for the copy as well.
  copyOptions: "strategy file_copy",
};

/** An administrator restarts Postgres. */
export const restartFast: Kind = restarts("fast", "sessions are ended with 57P01");

/** Postgres is stopped without a shutdown: it recovers from its log. */
export const restartImmediate: Kind = restarts("immediate", "no shutdown, then crash recovery");

/** Postgres dies. */
export const serverKilled: Kind = restarts("killed", "the postmaster gets SIGKILL, crash recovery");

function restarts(how: Downfall, about: string): Kind {
  return {
    name: `Postgres restarted: ${how}`,
    about,
    usual: 4,
    sideBySide: false,
    async prepare(pipeline, ground) {
      const server = await ground.once("own server", () => openOwnServer());
      const arena = await ground.once(
        `arena ${pipeline.name} on the own server`,
        () => openArena(pipeline, { serverUrl: server.url }),
      );

      function atStep(random: () => number): Trial {
        const { steps } = arena.trace;
        const step = steps[Math.floor(random() * steps.length)];
        const moment = random() < 0.5 ? "before" : "sent";
        const interrupt = (copy: ArenaDatabase) =>
          runThroughProxy(arena, copy, async (_, now, at) => {
            if (now.index === step.index && at === moment) await server.restart(how);
          });
        return {
          label: `${moment} step ${step.index}, ${brief(step)}`,
          stage: step.stage,
          run: () => tryPoint(arena, { interrupt }, ENDING),
        };
      }

      function atMoment(random: () => number): Trial {
        const milliseconds = random() * arena.duration;
        const interrupt = async (copy: ArenaDatabase) => {
          const { ended } = startRun(arena.folder, copy.url, arena);
          await new Promise((resolve) => setTimeout(resolve, milliseconds));
          await server.restart(how);
          return await ended;
        };
        return {
          label: `after ${milliseconds.toFixed(1)} ms`,
          stage: null,
          run: () => tryPoint(arena, { interrupt }, ENDING),
        };
      }

      return {
        trials: (random, wanted) =>
          Array.from(
            { length: wanted },
            (_, at) => at % 4 === 3 ? atMoment(random) : atStep(random),
          ),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}
