import type { Clock } from "../../src/core/clock.ts";
import type { ErrorRecord, SluiceError } from "../../src/core/error.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { decompress } from "../../src/source/codecs/mod.ts";
import type { Compression } from "../../src/core/codecs.ts";
import type { SourcePlan } from "../../src/plan/load_plan.ts";
import type { SourceContext } from "../../src/source/context.ts";
import { type OpenSource, openSource } from "../../src/source/open.ts";
import { CSV } from "../support/csv_options.ts";

export { testSeed } from "../support/seed.ts";

export { CSV };

/** A plan for a source, with short waits. */
export function planFor(url: string, change: Partial<SourcePlan> = {}): SourcePlan {
  return {
    url,
    headers: {},
    format: CSV,
    compression: "auto",
    retries: 3,
    timeoutSeconds: 5,
    missing: "fail",
    ...change,
  };
}

export interface Retry {
  readonly attempt: number;
  readonly attempts: number;
  readonly delaySeconds: number;
  readonly error: ErrorRecord;
}

export interface TestContext extends SourceContext {
  readonly retries: Retry[];
  /** Milliseconds of each sleep, none of which was slept. */
  readonly sleeps: number[];
}

/** A context whose clock does not wait, standing at 2026-01-01. */
export function testContext(
  environment: Record<string, string> = {},
  change: Partial<SourceContext> = {},
): TestContext {
  const sleeps: number[] = [];
  const retries: Retry[] = [];
  const clock: Clock = {
    now: () => new Date("2026-01-01T00:00:00Z"),
    monotonic: () => 0,
    sleep(milliseconds, signal) {
      sleeps.push(milliseconds);
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
    },
  };
  return {
    secrets: secretsFrom(environment),
    clock,
    random: () => 0.5,
    signal: new AbortController().signal,
    onRetry: (attempt, attempts, delaySeconds, error) =>
      retries.push({ attempt, attempts, delaySeconds, error }),
    sleeps,
    retries,
    ...change,
  };
}

/** The decompressed bytes of a source's files. */
export async function* chunksOf({ files }: Pick<OpenSource, "files">): AsyncGenerator<Uint8Array> {
  for await (const { chunks } of files) yield* chunks;
}

/** The decompressed bytes of stored ones, of all members. */
export async function* decompressed(
  stored: AsyncIterable<Uint8Array>,
  compression: Compression = "auto",
  encoding: string | null = null,
  ...rest: [shown?: string, bomb?: { bytes: number; ratio: number }]
): AsyncGenerator<Uint8Array> {
  const [shown = "file.csv", bomb] = rest;
  const members = decompress(stored, { compression }, encoding, shown, bomb);
  for await (const { chunks } of members) yield* chunks;
}

/** All decompressed bytes of a source. */
export async function readAll(source: OpenSource): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunksOf(source)) parts.push(chunk.slice());
  return concat(parts);
}

/** Opens, reads and closes a source. */
export async function fetchAll(
  plan: SourcePlan,
  context: SourceContext,
): Promise<{ bytes: Uint8Array; sha256: string; read: number }> {
  await using source = await openSource(plan, context);
  const bytes = await readAll(source);
  return { bytes, sha256: source.sha256(), read: source.bytesRead() };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The error that `work` ends with. */
export async function failure(work: () => Promise<unknown>): Promise<SluiceError> {
  try {
    await work();
  } catch (error) {
    return error as SluiceError;
  }
  throw new Error("It did not fail");
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A folder of `../shared/data`, or null (and a printed reason) where it is absent. */
export function sharedData(path: string): URL | null {
  const url = new URL(`../../../shared/data/${path}`, import.meta.url);
  try {
    Deno.statSync(url);
    return url;
  } catch {
    console.log(`skipped: ../shared/data/${path} is absent`);
    return null;
  }
}
