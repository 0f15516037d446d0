import { SluiceError } from "../../src/core/error.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { runPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { ALL, testContext } from "./pipeline.ts";

/** A run over a database that fails; without waits between attempts: the faults are the subject. */
export async function attempt(
  db: Database,
  spec: PipelineSpec,
): Promise<RunResult | SluiceError> {
  const { context } = testContext(db);
  const clock = { ...context.clock, sleep: () => Promise.resolve() };
  try {
    return await runPipeline(spec, ALL, { ...context, clock });
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}
