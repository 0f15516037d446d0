/** A pipeline, and those that must be loaded before it. */
export interface Waiting {
  readonly pipeline: string;
  readonly after?: readonly string[];
}

/** Pipelines in the order in which they are loaded, or those that wait for each other. */
export type AfterOrder<T> =
  | { readonly ordered: readonly T[]; readonly cycle: null }
  /** The last waits for the first. */
  | { readonly ordered: null; readonly cycle: readonly T[] };

/**
 * Puts each pipeline behind those that it waits for, and keeps the order otherwise. What it waits
 * for and is not among them counts as loaded.
 */
export function afterOrder<T extends Waiting>(pipelines: readonly T[]): AfterOrder<T> {
  const left = [...pipelines];
  const ordered: T[] = [];
  while (left.length > 0) {
    const at = left.findIndex((each) => blockersOf(each, left).length === 0);
    if (at === -1) return { ordered: null, cycle: cycleIn(left) };
    ordered.push(...left.splice(at, 1));
  }
  return { ordered, cycle: null };
}

function blockersOf<T extends Waiting>({ after = [] }: T, left: readonly T[]): T[] {
  return left.filter(({ pipeline }) => after.includes(pipeline));
}

/** Each of these waits for another of them: whoever walks along comes back. */
function cycleIn<T extends Waiting>(left: readonly T[]): T[] {
  const path: T[] = [];
  for (let each = left[0];; [each] = blockersOf(each, left)) {
    const seen = path.indexOf(each);
    // From the one that is loaded first to the one that waits for all others.
    if (seen !== -1) return path.slice(seen).reverse();
    path.push(each);
  }
}
