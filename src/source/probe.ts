import type { SourcePlan } from "../plan/load_plan.ts";
import type { KnownSource, SourceContext, SourceFacts } from "./context.ts";
import { findFiles, setFacts } from "./find_files.ts";
import { locate } from "./location.ts";
import { transportFor } from "./transports/mod.ts";

/**
 * Looks at a source without reading it; null where it, or a file of it, does not exist.
 *
 * A file with the known length and another date is read after all: its digest tells whether it is
 * the known one.
 */
export async function probeSource(
  source: SourcePlan,
  context: SourceContext,
  known: KnownSource | null,
): Promise<SourceFacts | null> {
  const files = await findFiles(source, context);
  if (files !== null) {
    const isComplete = files.length > 0 && files.every(({ facts }) => facts !== null);
    return isComplete ? setFacts(files, source) : null;
  }
  const location = locate(source.url, source, context.secrets);
  const transport = await transportFor(location);
  return await transport.probe(location, source, context, known);
}
