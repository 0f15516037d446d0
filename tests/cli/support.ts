import type { Clock } from "../../src/core/clock.ts";
import type { RunEvent } from "../../src/core/event.ts";
import type { PartitionResult, RunResult } from "../../src/core/result.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import type { Cli } from "../../src/cli/cli.ts";
import type { Interrupt } from "../../src/cli/interrupt.ts";
import { openOutput, type Output } from "../../src/cli/output.ts";
import type { Services } from "../../src/cli/services.ts";
import type { Paint } from "../../src/cli/views/paint.ts";
import { plainScreen, type Screen } from "../../src/cli/views/screen.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { CSV } from "../support/csv_options.ts";

/** Shows where a style begins and ends, so that goldens hold the styles too. */
export const markedPaint: Paint = (style, text) => `<${style}>${text}</>`;

export const plainPaint: Paint = (_style, text) => text;

/** What goes into a file or a pipe: nothing is cut. */
export const plain: Screen = plainScreen();

/** A terminal of so many columns. */
export function terminal(width: number, changes: Partial<Screen> = {}): Screen {
  return { ...plain, width, ...changes };
}

/** A clock that stands still until it is moved. */
export function fixedClock(): Clock & { move(seconds: number): void } {
  let now = 0;
  return {
    now: () => new Date(now),
    monotonic: () => now,
    sleep: () => Promise.resolve(),
    move: (seconds) => void (now += seconds * 1000),
  };
}

/** An output whose text is kept. */
export function capture(
  { redact = (text: string) => text, isTerminal = false, columns = 80, variables = {} }: {
    redact?: (text: string) => string;
    isTerminal?: boolean;
    columns?: number;
    variables?: Readonly<Record<string, string>>;
  } = {},
): Output & { text(): string } {
  let text = "";
  const decoder = new TextDecoder();
  const output = openOutput({
    write(bytes) {
      text += decoder.decode(bytes);
      return Promise.resolve(bytes.length);
    },
    isTerminal,
    columns: () => columns,
    redact,
    variables,
  });
  return { ...output, text: () => text };
}

/** A command line in this process, with our own functions replaced where a test says so. */
export interface TestCli extends Disposable {
  readonly cli: Cli;
  readonly folder: string;
  out(): string;
  err(): string;
}

export function testCli(
  services: Partial<Services> = {},
  {
    files = {},
    variables = {},
    isTerminal = false,
    exitCode = null,
    controller = new AbortController(),
  }: {
    files?: Readonly<Record<string, string>>;
    variables?: Readonly<Record<string, string>>;
    isTerminal?: boolean;
    exitCode?: number | null;
    controller?: AbortController;
  } = {},
): TestCli {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-cli-" });
  for (const [name, text] of Object.entries(files)) {
    Deno.writeTextFileSync(`${folder}/${name}`, text);
  }
  const secrets = secretsFrom(variables);
  const redact = (text: string) => secrets.redact(text);
  const out = capture({ redact });
  const err = capture({ redact, isTerminal, variables });
  const interrupt: Interrupt = {
    signal: controller.signal,
    exitCode: () => controller.signal.aborted ? exitCode : null,
    leaveWithin() {},
    leaveToChild() {},
    [Symbol.dispose]() {},
  };
  return {
    cli: {
      services: { ...fakeServices(), ...services },
      variables,
      secrets,
      out,
      err,
      clock: fixedClock(),
      random: () => 0.5,
      interrupt,
      version: "1.2.3",
      host: "testhost",
      workingFolder: folder,
      invokedFolder: null,
      typed: "deno task",
      envFile: null,
    },
    folder,
    out: out.text,
    err: err.text,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** Functions of ours that do nothing wrong. */
export function fakeServices(): Services {
  const unused = (name: string) => () => Promise.reject(new Error(`${name} was not expected`));
  return {
    loadSpec: (_text, { file }) =>
      Promise.resolve({ spec: specNamed("trips", file), diagnostics: [] }),
    renderDiagnostic: ({ file, start, message }) =>
      Promise.resolve(`${file}:${start.line}:${start.column} ${message}`),
    openDatabase: () =>
      Promise.resolve({
        // The fakes below never look at it.
        db: { describe: "me@host:5432/db" } as never,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    openQueue: unused("openQueue"),
    workOn: unused("workOn"),
    loadElsewhere: unused("loadElsewhere"),
    draftPipeline: unused("draftPipeline"),
    previewSource: unused("previewSource"),
    planPipeline: unused("planPipeline"),
    approvePlan: unused("approvePlan"),
    checkApproved: unused("checkApproved"),
    readIdentity: unused("readIdentity"),
    runPipeline: () => Promise.resolve(RUN),
    checkPipeline: unused("checkPipeline"),
    rollbackPipeline: unused("rollbackPipeline"),
    readHistory: unused("readHistory"),
    readStandings: unused("readStandings"),
    readRejects: unused("readRejects"),
    rejectPages() {
      throw new Error("rejectPages was not expected");
    },
    replayRejects: unused("replayRejects"),
    startEmbedded: unused("startEmbedded"),
    stopEmbedded: unused("stopEmbedded"),
    findEmbedded: unused("findEmbedded"),
    openPsql: unused("openPsql"),
  };
}

export function specNamed(pipeline: string, file: string): PipelineSpec {
  return {
    file,
    folder: "/data",
    pipeline,
    description: null,
    environment: null,
    vars: {},
    partitions: null,
    source: {
      url: "trips.csv",
      format: CSV,
      naming: "header",
      compression: "auto",
      headers: {},
      retries: 5,
      timeoutSeconds: 30,
    },
    target: {
      schema: "ny",
      table: "trips",
      partitionColumn: null,
      versions: 3,
      indexes: [],
      lineage: false,
      shared: false,
    },
    refresh: { mode: "full", hardDeletes: "ignore", allowEmpty: false },
    idempotencyKey: [],
    onDuplicate: "reject",
    columns: [],
    rejects: { limit: { kind: "rows", rows: 0 }, keepDays: null },
    rules: [],
    checks: [],
    notify: [],
    expect: null,
    schemaContract: { newColumns: "freeze", missingColumns: "freeze", typeChanges: "freeze" },
    hash: "abc",
  } as PipelineSpec;
}

export function partitionResult(changes: Partial<PartitionResult> = {}): PartitionResult {
  return {
    partition: "2021-01",
    status: "published",
    reason: null,
    version: 1,
    rows_read: 10_000,
    rows_loaded: 9_960,
    rows_rejected: 40,
    rows_duplicate: 0,
    rows_discarded: 0,
    bytes_read: 812_345,
    seconds: 0.14,
    source: "data/2021-01.csv",
    sha256: "aa",
    phases: {},
    error: null,
    ...changes,
  };
}

/** A run of the given partitions, with the sums that go with them. */
export function runResult(
  partitions: readonly PartitionResult[],
  changes: Partial<RunResult> = {},
): RunResult {
  const sum = (
    key:
      | "rows_read"
      | "rows_loaded"
      | "rows_rejected"
      | "rows_duplicate"
      | "rows_discarded"
      | "bytes_read",
  ) => partitions.reduce((total, partition) => total + partition[key], 0);
  return {
    run_id: "0b8f6f0e-0000-4000-8000-000000000001",
    pipeline: "trips",
    status: "succeeded",
    rows_read: sum("rows_read"),
    rows_loaded: sum("rows_loaded"),
    rows_rejected: sum("rows_rejected"),
    rows_duplicate: sum("rows_duplicate"),
    rows_discarded: sum("rows_discarded"),
    bytes_read: sum("bytes_read"),
    seconds: 0.41,
    rows_per_second: Math.round(sum("rows_read") / 0.41),
    partitions,
    checks: [],
    error: null,
    ...changes,
  };
}

export const RUN: RunResult = runResult([partitionResult()]);

/** The events of a run of two partitions, one of which retries and is refused. */
export const EVENTS: readonly RunEvent[] = [
  { type: "run_started", runId: RUN.run_id, pipeline: "trips", target: "ny.trips", partitions: 2 },
  {
    type: "partition_started",
    runId: RUN.run_id,
    partition: "2021-01",
    source: "data/2021-01.csv",
    bytesTotal: 812_345,
  },
  {
    type: "progress",
    runId: RUN.run_id,
    partition: "2021-01",
    rowsRead: 5_000,
    rowsRejected: 3,
    bytesRead: 406_172,
    bytesTotal: 812_345,
  },
  {
    type: "stage_finished",
    runId: RUN.run_id,
    partition: "2021-01",
    stage: "rows",
    seconds: 0.1,
    message: "10000 rows read, 40 rejected",
  },
  {
    type: "retry",
    runId: RUN.run_id,
    partition: "2021-01",
    stage: "publish",
    attempt: 1,
    attempts: 5,
    delaySeconds: 0.5,
    error: { code: "db/lock_timeout", message: "Somebody holds the lock", retry: "later" },
  },
  {
    type: "warning",
    runId: RUN.run_id,
    partition: "2021-01",
    message: "Version 1 could not be dropped",
  },
  { type: "partition_finished", runId: RUN.run_id, result: partitionResult() },
  {
    type: "partition_finished",
    runId: RUN.run_id,
    result: partitionResult({
      partition: "2021-02",
      status: "refused",
      reason: "41 of 100 rows were rejected, above the limit of 1%",
      version: null,
      rows_read: 100,
      rows_loaded: 0,
      rows_rejected: 41,
      rows_discarded: 59,
    }),
  },
  { type: "run_finished", runId: RUN.run_id, result: RUN },
];
