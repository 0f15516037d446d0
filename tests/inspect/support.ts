import { systemClock } from "../../src/core/clock.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { inspectSource, type SourceProfile } from "../../src/inspect/inspect_source.ts";
import { sourceOf } from "../../src/inspect/source_of.ts";
import { nameOf } from "../../src/inspect/address.ts";
import { writePipeline } from "../../src/inspect/write_pipeline.ts";
import type { SourceContext } from "../../src/source/context.ts";
import { workspace } from "../support/pipeline.ts";

export const LOOKING: SourceContext = {
  secrets: secretsFrom({}),
  clock: systemClock,
  random: () => 0.5,
  signal: new AbortController().signal,
  onRetry() {},
};

/** What a file shows. */
export async function profileOf(path: string, isFull = true): Promise<SourceProfile> {
  return await inspectSource(sourceOf(path, "/", {}), path, isFull, LOOKING);
}

/** The pipeline that is written for a file. */
export async function pipelineFor(path: string, table: string): Promise<string> {
  return writePipeline({ pipeline: nameOf(path), table, url: path }, await profileOf(path));
}

/** What a text shows. */
export async function profileOfText(text: string | Uint8Array, name = "in.csv") {
  using files = workspace({ [name]: text });
  return await profileOf(`${files.folder}/${name}`);
}
