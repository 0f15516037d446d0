import { type Ask, askLedger, NotShown } from "../ask.ts";
import type { PageHost } from "../host.ts";
import { hasRuns } from "../queries/grid.ts";

/** Whether a file of the folder has the pipeline. */
export function isServed({ pipelines }: PageHost, pipeline: string): boolean {
  return pipelines().some(({ spec }) => spec.pipeline === pipeline);
}

/** Tells a name that nobody knows from one that has nothing to show yet. */
export async function requireKnown(ask: Ask, pipeline: string): Promise<void> {
  if (isServed(ask.host, pipeline)) return;
  const found = await askLedger(ask, (tx) => hasRuns(tx, pipeline));
  if (found === true) return;
  throw new NotShown(
    404,
    "There is no such pipeline",
    `Neither a file of the folder nor the ledger has one that is called "${pipeline}".`,
  );
}
