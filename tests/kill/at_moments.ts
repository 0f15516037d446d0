import type { Arena, ArenaDatabase } from "./arena.ts";
import { type Outcome, startRun } from "./command_line.ts";
import { type Ending, tryPoint } from "./interrupt.ts";
import type { Kind } from "./kind.ts";

/** The process ends without a word, anywhere, while somebody reads the table. */
export const killAtMoment: Kind = atMoments({
  name: "SIGKILL at a random moment",
  about: "uniform over an undisturbed run; a reader watches the table all the while",
  usual: 16,
  ending: { codes: null, clean: false, watched: true },
  async interrupt(arena, copy, milliseconds) {
    const running = startRun(arena.folder, copy.url, arena);
    await wait(milliseconds);
    running.kill("SIGKILL");
    return await running.ended;
  },
});

/** Whoever starts the next run at once may meet what the server has not noticed yet. */
export const killAndRunAtOnce: Kind = atMoments({
  name: "SIGKILL, and the next run at once",
  about: "before the server has noticed: it publishes, or says that the target is locked",
  usual: 8,
  ending: { codes: [0, 75], clean: false, watched: false },
  async interrupt(arena, copy, milliseconds) {
    const running = startRun(arena.folder, copy.url, arena);
    await wait(milliseconds);
    running.kill("SIGKILL");
    await running.ended;
    return await startRun(arena.folder, copy.url, arena).ended;
  },
});

/** The process is asked to stop, anywhere. */
export const terminateAtMoment: Kind = atMoments({
  name: "SIGTERM at a random moment",
  about: "uniform over an undisturbed run; nothing is left behind even before the next run",
  usual: 8,
  ending: { codes: [0, 143], clean: true, watched: true },
  async interrupt(arena, copy, milliseconds) {
    const running = startRun(arena.folder, copy.url, arena);
    await wait(milliseconds);
    running.kill("SIGTERM");
    return await running.ended;
  },
});

interface MomentKind extends Pick<Kind, "name" | "about" | "usual"> {
  readonly ending: Ending;
  interrupt(arena: Arena, copy: ArenaDatabase, milliseconds: number): Promise<Outcome>;
}

function atMoments({ name, about, usual, ending, interrupt }: MomentKind): Kind {
  return {
    name,
    about,
    usual,
    sideBySide: true,
    async prepare(pipeline, ground) {
      const arena = await ground.arena(pipeline);
      return {
        trials: (random, wanted) =>
          Array.from({ length: wanted }, () => {
            const milliseconds = random() * arena.duration;
            const point = {
              label: `after ${milliseconds.toFixed(1)} ms`,
              interrupt: (copy: ArenaDatabase) => interrupt(arena, copy, milliseconds),
            };
            return { ...point, stage: null, run: () => tryPoint(arena, point, ending) };
          }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
