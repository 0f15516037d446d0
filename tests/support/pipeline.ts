import { systemClock } from "../../src/core/clock.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { RunResult } from "../../src/core/result.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import type { Database } from "../../src/db/database.ts";
import { type RunContext, type RunOptions, runPipeline } from "../../src/run/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";

/** A folder with files, removed at the end. */
export interface Workspace extends Disposable {
  readonly folder: string;
  write(name: string, content: string | Uint8Array): void;
}

export function workspace(files: Readonly<Record<string, string | Uint8Array>> = {}): Workspace {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-test-" });
  const write = (name: string, content: string | Uint8Array) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(`${folder}/${name}`, bytes);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return {
    folder,
    write,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** The spec of a YAML text, which must be right. */
export function specOf(
  yaml: string,
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): PipelineSpec {
  const { spec, diagnostics } = loadSpec(yaml, { file: "test.yaml", folder, variables });
  if (spec === null) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return spec;
}

export interface TestRun {
  readonly events: RunEvent[];
  readonly context: RunContext;
}

/** A context as the command line makes it, with the events kept. */
export function testContext(db: Database, signal = new AbortController().signal): TestRun {
  const events: RunEvent[] = [];
  return {
    events,
    context: {
      db,
      secrets: secretsFrom({}),
      clock: systemClock,
      random: Math.random,
      signal,
      emit: (event) => events.push(event),
      version: "test",
      host: "test",
    },
  };
}

export const ALL: RunOptions = { partitions: [], force: false, allowDestructive: false };

/** Runs a pipeline with default options. */
export async function run(
  db: Database,
  spec: PipelineSpec,
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  return await runPipeline(spec, { ...ALL, ...options }, testContext(db).context);
}
