import { BrokenPaths } from "./broken_paths.ts";
import { standInAt } from "./keys.ts";
import type { Report } from "./report.ts";
import { type PipelineInput, pipelineSchema } from "./schema/pipeline.ts";
import { faultsOf, reportIssues } from "./schema_issues.ts";
import type { Path, Tree } from "./yaml_tree.ts";

/** What the schema made of a file. */
export interface Checked {
  /** What is wrong is left out, or replaced by something that is right. */
  readonly input: PipelineInput;
  /** Where something was wrong: what stands there says nothing about the rest of the file. */
  readonly broken: BrokenPaths;
}

/** Reports the values that the schema refuses, except at the `silent` paths, and replaces them. */
export function checkAgainstSchema(
  plain: unknown,
  tree: Tree,
  report: Report,
  silent: readonly Path[],
): Checked | null {
  const first = pipelineSchema.safeParse(plain);
  if (first.success) return { input: first.data, broken: new BrokenPaths() };
  reportIssues(first.error.issues, plain, tree, report, silent);
  return mend(plain);
}

/** Removing a wrong key may leave a section without a key that it needs, and so on upwards. */
const MAX_ROUNDS = 8;

function mend(plain: unknown): Checked | null {
  const rest = structuredClone(plain);
  const broken = new BrokenPaths();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = pipelineSchema.safeParse(rest);
    if (result.success) return { input: result.data, broken };
    for (const { path, unknown } of faultsOf(result.error.issues)) {
      if (path.length === 0) return null;
      if (unknown) remove(rest, path);
      else broken.add(mendAt(rest, path));
    }
  }
  return null;
}

/** Replaces or removes what is wrong, or the nearest section that can be left out; returns where. */
function mendAt(root: unknown, path: Path): Path {
  // Without one of its items a list would be another list.
  const item = path.findIndex((step) => typeof step === "number");
  const target = item < 0
    ? path
    // But checks do not depend on each other.
    : path.slice(0, path[0] === "checks" ? item + 1 : item);
  const standIn = standInAt(target);
  const holder = holderOf(root, target);
  const key = target.at(-1)!;
  if (holder === null) return target;
  if (standIn !== undefined) holder[key] = structuredClone(standIn);
  else if (Object.hasOwn(holder, key)) delete holder[key];
  else if (target.length > 1) return mendAt(root, target.slice(0, -1));
  return target;
}

function remove(root: unknown, path: Path): void {
  const holder = holderOf(root, path);
  if (holder !== null) delete holder[path.at(-1)!];
}

/** The mapping or list that holds what a path leads to; null where an earlier fault removed it. */
function holderOf(root: unknown, path: Path): Record<string | number, unknown> | null {
  let holder = root;
  for (const step of path.slice(0, -1)) {
    if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, step)) return null;
    holder = (holder as Record<string | number, unknown>)[step];
  }
  return typeof holder === "object" ? holder as Record<string | number, unknown> | null : null;
}
