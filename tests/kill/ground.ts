import { testServerUrl } from "../support/postgres.ts";
import { type Arena, openArena } from "./arena.ts";
import type { KillPipeline } from "./pipelines.ts";

/** What trials stand on: made when first needed, and kept for the next kind. */
export interface Ground extends AsyncDisposable {
  /** Makes what is named once; it is disposed with the ground, the last made first. */
  once<T extends AsyncDisposable>(name: string, make: () => Promise<T>): Promise<T>;
  /** The pipeline's arena on the server that all tests share, which is never to be stopped. */
  arena(pipeline: KillPipeline): Promise<Arena>;
}

/** Makes the ground of a harness; disposing drops its databases and stops its servers. */
export function openGround(): Ground {
  const stack = new AsyncDisposableStack();
  const made = new Map<string, Promise<unknown>>();

  function once<T extends AsyncDisposable>(name: string, make: () => Promise<T>): Promise<T> {
    const existing = made.get(name) ?? make().then((thing) => stack.use(thing));
    made.set(name, existing);
    return existing as Promise<T>;
  }

  return {
    once,
    arena: (pipeline) =>
      once(
        `arena ${pipeline.name}`,
        async () => await openArena(pipeline, { serverUrl: await testServerUrl() }),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
