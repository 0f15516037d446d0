import type { SourcePlan } from "../plan/load_plan.ts";
import type { KnownSource, SourceContext, SourceFacts } from "./context.ts";
import { locate } from "./location.ts";
import { transportFor } from "./transports/mod.ts";

/**
 * Looks at a source without reading it; null where it does not exist.
 *
 * A file with the known length and another date is read after all: its digest tells whether it is
 * the known one.
 */
export async function probeSource(
  source: SourcePlan,
  context: SourceContext,
  known: KnownSource | null,
): Promise<SourceFacts | null> {
  const location = locate(source, context.secrets);
  return await transportFor(location).probe(location, source, context, known);
}
