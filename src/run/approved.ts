import { SluiceError } from "../core/error.ts";
import { isStandardInput } from "../core/transports.ts";
import { readTableParts } from "../db/table_shape.ts";
import { WHOLE } from "../plan/basis.ts";
import type { PartitionBasis, PlanBasis, ProbedSource, TargetBasis } from "../plan/plan_basis.ts";
import type { LoadPlan, PartitionPlan, SourcePlan } from "../plan/load_plan.ts";
import { type ApprovedPlan, movedSince } from "../plan/moved.ts";
import { UNSETTLED } from "../source/context.ts";
import { type OpenSource, openSource } from "../source/open.ts";
import { type RunContext, sourceContext } from "./context.ts";
import type { Sources } from "./load_partitions.ts";
import { type LoadSource, plannedSource } from "./partition/source.ts";

/** Differences that a message names. */
const NAMED = 5;

/** Prepares a plan for somebody who looks at it before it is run. */
export async function forApproval(plan: LoadPlan, context: RunContext): Promise<ApprovedPlan> {
  const { target, partitions, ...basis } = plan.basis;
  const proven: Record<string, PartitionBasis> = {};
  for (const { partition, action, source } of plan.partitions) {
    const name = partition ?? WHOLE;
    const known = partitions[name];
    const facts = known.source;
    proven[name] = known;
    if (action !== "load" || facts === null) continue;
    if (isInput(source)) throw unprovable(name);
    if (!needsDigest(source, facts)) continue;
    proven[name] = { ...known, source: { ...facts, ...await readDigest(source, context) } };
  }
  return {
    plan: withoutBasis(plan),
    basis: { ...basis, target: await withParts(plan, target, context), partitions: proven },
  };
}

function withoutBasis({ basis: _, ...plan }: LoadPlan): ApprovedPlan["plan"] {
  return plan;
}

/** What else of the target decides what becomes of rows. */
async function withParts(
  plan: LoadPlan,
  target: TargetBasis | null,
  { db }: RunContext,
): Promise<TargetBasis | null> {
  return target === null ? null : { ...target, parts: await readTableParts(db, plan.target) };
}

/**
 * Refuses a plan that is not the one that was approved, and sources that are others.
 *
 * @param now made from what there is now, which the target's lock keeps where there is one
 * @throws SluiceError `plan/moved`
 */
export async function requireApproved(
  approved: ApprovedPlan,
  now: LoadPlan,
  context: RunContext,
): Promise<void> {
  const target = await withParts(now, now.basis.target, context);
  const moved = [
    ...await movedSources(approved, now, context),
    ...movedSince(
      { ...approved, basis: withoutFacts(approved.basis) },
      { plan: withoutBasis(now), basis: withoutFacts({ ...now.basis, target }) },
    ),
  ];
  if (moved.length > 0) throw movedError(now, moved);
}

/** The sources of an approved plan: what is read is what was approved, or nothing is published. */
export function approvedSources(
  approved: ApprovedPlan,
  plan: LoadPlan,
  runId: string,
  context: RunContext,
): Sources {
  return new Map(plan.partitions.map((partition) => {
    const known = approved.basis.partitions[partition.partition ?? WHOLE]?.source ?? null;
    const needsDigest = known !== null && known.sha256 !== null;
    const source = plannedSource(plan.rows, partition, runId, context, needsDigest);
    return [partition.partition, known === null ? source : watched(source, known, plan, partition)];
  }));
}

function watched(
  source: LoadSource,
  approved: ProbedSource,
  plan: LoadPlan,
  { partition }: PartitionPlan,
): LoadSource {
  const name = partition ?? WHOLE;
  const require = (difference: string | null) => {
    if (difference !== null) throw movedError(plan, [`source of ${name}: ${difference}`]);
  };
  return {
    ...source,
    async open(): Promise<OpenSource> {
      const open = await source.open();
      try {
        if (approved.sha256 === null) require(difference(approved, open.facts));
      } catch (error) {
        await open[Symbol.asyncDispose]();
        throw error;
      }
      return {
        facts: open.facts,
        files: open.files,
        bytesRead: () => open.bytesRead(),
        accounts: () => open.accounts(),
        sha256() {
          const sha256 = open.sha256();
          if (approved.sha256 !== null && sha256 !== approved.sha256) {
            require(`SHA-256 ${approved.sha256} → ${sha256}`);
          }
          return sha256;
        },
        [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
      };
    },
  };
}

async function movedSources(
  approved: ApprovedPlan,
  now: LoadPlan,
  context: RunContext,
): Promise<string[]> {
  const found: string[] = [];
  for (const { partition, action } of approved.plan.partitions) {
    const name = partition ?? WHOLE;
    const planned = now.partitions.find((each) => each.partition === partition);
    if (planned === undefined) continue;
    const before = approved.basis.partitions[name]?.source ?? null;
    const after = now.basis.partitions[name]?.source ?? null;
    if (action !== "load") {
      if (planned.action === "load") {
        found.push(`partition ${name}: not to load → ${planned.reason}`);
      }
    } else if (before === null || after === null) {
      if (before !== after) {
        found.push(`source of ${name}: ${presence(before)} → ${presence(after)}`);
      }
    } else {
      const moved = await sourceDifference(before, after, planned.source, context);
      if (moved !== null) found.push(`source of ${name}: ${moved}`);
    }
  }
  return found;
}

function presence(facts: ProbedSource | null): string {
  return facts === null ? "not there" : "there";
}

/** Facts decide where they prove something; else the bytes do. */
async function sourceDifference(
  before: ProbedSource,
  after: ProbedSource,
  source: SourcePlan,
  context: RunContext,
): Promise<string | null> {
  if (before.sha256 === null) return difference(before, after);
  // The load reads it all the same, and compares what it has read.
  if (isUntouched(before, after)) return null;
  if (before.url !== after.url || differs(before, after, "bytes")) return difference(before, after);
  const sha256 = after.sha256 ?? (await readDigest(source, context)).sha256;
  return before.sha256 === sha256 ? null : `SHA-256 ${before.sha256} → ${sha256}`;
}

function isUntouched(before: ProbedSource, after: ProbedSource): boolean {
  const { etag } = before;
  return etag !== null && etag !== UNSETTLED && !etag.startsWith("W/") &&
    (["url", "etag", "lastModified", "bytes"] as const)
      .every((fact) => before[fact] === after[fact]);
}

const FACTS = {
  url: "address",
  sha256: "SHA-256",
  bytes: "bytes",
  etag: "ETag",
  lastModified: "time of the last change",
} as const;

/** The first fact that both know and that is another one; null where there is none. */
function difference(before: ProbedSource, after: ProbedSource): string | null {
  const fact = (Object.keys(FACTS) as (keyof ProbedSource)[])
    .find((each) => differs(before, after, each));
  return fact === undefined ? null : `${FACTS[fact]} ${before[fact]} → ${after[fact]}`;
}

function differs(before: ProbedSource, after: ProbedSource, fact: keyof ProbedSource): boolean {
  return before[fact] !== null && after[fact] !== null && before[fact] !== after[fact];
}

/** A path has times of this machine alone, and a server may tell nothing that proves its bytes. */
function needsDigest(source: SourcePlan, { etag, lastModified, bytes }: ProbedSource): boolean {
  const isLocal = (source.urls ?? [source.url]).some((url) =>
    /^file:/i.test(url) || !/^([a-z][a-z0-9+.-]+:|\$\{)/i.test(url)
  );
  const isTold = etag !== null && !etag.startsWith("W/") || lastModified !== null && bytes !== null;
  return isLocal || !isTold;
}

function isInput({ url, urls = [url] }: SourcePlan): boolean {
  return urls.some(isStandardInput);
}

async function readDigest(
  source: SourcePlan,
  context: RunContext,
): Promise<Pick<ProbedSource, "sha256">> {
  await using open = await openSource(source, sourceContext(context));
  for await (const file of open.files) {
    for await (const _ of file.chunks) context.signal.throwIfAborted();
  }
  return { sha256: open.sha256() };
}

/** Sources are compared by what they prove. */
function withoutFacts(basis: PlanBasis): PlanBasis {
  const partitions = Object.fromEntries(
    Object.entries(basis.partitions).map(([name, known]) => [name, { ...known, source: null }]),
  );
  return { ...basis, partitions };
}

function movedError({ pipeline }: LoadPlan, moved: readonly string[]): SluiceError {
  const named = moved.slice(0, NAMED).join("; ");
  const more = moved.length > NAMED ? `; and ${moved.length - NAMED} more` : "";
  return new SluiceError(
    "plan/moved",
    `The approved plan of "${pipeline}" holds no more: ${named}${more}`,
    { hint: "Nothing was published. Make a new plan, look at it, and apply that one" },
  );
}

function unprovable(name: string): SluiceError {
  return new SluiceError(
    "plan/source_unproven",
    `The source of ${name} is standard input: no later run can read the same`,
    { hint: "Write it to a file first, and plan with that" },
  );
}
