import { type LoadInput, type LoadResult, loadWith } from "./load_with.ts";
import { NONE_LOADED, NotLoaded } from "./readers.ts";

/** Keys whose values have a reader with packages of its own; see `readers.ts`. */
const READ = /pattern|schedule/;

/** As `loadSpec`, without loading what only patterns and schedules need for files that have none. */
export async function readSpec(file: string, input: LoadInput): Promise<LoadResult> {
  if (!READ.test(file)) {
    try {
      return loadWith(file, input, NONE_LOADED);
    } catch (error) {
      // YAML can spell a key with escapes.
      if (!(error instanceof NotLoaded)) throw error;
    }
  }
  const { loadSpec } = await import("./load_spec.ts");
  return loadSpec(file, input);
}
