import { maskUrls } from "../core/mask_urls.ts";
import type { LoadPlan } from "./load_plan.ts";
import type { PlanBasis } from "./plan_basis.ts";

/** A plan that somebody has looked at, or one that is compared with it. */
export interface ApprovedPlan {
  readonly plan: Omit<LoadPlan, "basis">;
  /** With a digest of each source that proves nothing else by itself. */
  readonly basis: PlanBasis;
}

/** Characters of a value that a message shows. */
const SHOWN = 60;

/** Differences behind the ones that explain them. */
const MOST = 3;

/**
 * What has moved between the plan that was approved and one that was made now: what, from what, to
 * what. Empty where both do the same, the sources apart. Pure.
 */
export function movedSince(approved: ApprovedPlan, now: ApprovedPlan): readonly string[] {
  const { basis: before } = approved;
  const { plan: { targetKey }, basis: after } = now;
  const found = [
    ...differences(before.spec, after.spec, "pipeline file: "),
    ...differences(before.target, after.target, `target ${targetKey}: `),
    ...partitionDifferences(approved, now),
  ];
  if (found.length > 0) return found;
  // Whatever else a plan depends on, such as grants, triggers or keys of other tables.
  return differences(obeyed(approved.plan), obeyed(now.plan), "plan: ").slice(0, MOST);
}

function partitionDifferences(approved: ApprovedPlan, now: ApprovedPlan): string[] {
  const before = approved.basis.partitions;
  const after = now.basis.partitions;
  const found: string[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!Object.hasOwn(before, name)) found.push(`partition ${name}: not asked for → asked for`);
    else if (!Object.hasOwn(after, name)) {
      found.push(`partition ${name}: asked for → not asked for`);
    } else {
      found.push(
        ...differences(before[name].live, after[name].live, `ledger: live version of ${name}`),
        ...differences(
          before[name].newest,
          after[name].newest,
          `ledger: newest version of ${name}`,
        ),
        ...differences(before[name].tables, after[name].tables, `target at ${name}: `),
      );
    }
  }
  return found;
}

/** What a run obeys; what another run may have made meanwhile does nothing then. */
function obeyed({ changes: _, setup, ...plan }: Omit<LoadPlan, "basis">): unknown {
  return {
    ...plan,
    setup: setup.filter(({ migration, ifMissing }) => migration === undefined && !ifMissing),
  };
}

/** `where` ends in a blank where the path of a difference follows. */
function differences(before: unknown, after: unknown, where: string): string[] {
  if (Object.is(before, after) || isNothing(before) && isNothing(after)) return [];
  // A comment above it moves a line.
  if (/\.line$/.test(where) && typeof before === "number" && typeof after === "number") return [];
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(
        Object.hasOwn(before, key) ? before[key] : undefined,
        Object.hasOwn(after, key) ? after[key] : undefined,
        where.endsWith(" ") ? `${where}${key}` : `${where}.${key}`,
      )
    );
  }
  const place = where.replace(/: $/, "");
  // What a header says may be a secret by now.
  if (place.includes(" source.headers.")) return [`${place}: another value`];
  return [`${place}: ${shown(before)} → ${shown(after)}`];
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Enough of a value to know it by. */
function shown(value: unknown): string {
  if (isNothing(value)) return "nothing";
  if (isObject(value) && "oid" in value) return `OID ${value.oid}`;
  const text = maskUrls(typeof value === "string" ? value : JSON.stringify(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
