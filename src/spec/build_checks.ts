import type { CheckBase, CheckKind, CheckSpec } from "./checks_spec.ts";
import { type CheckInput, plugOf } from "./schema/checks/mod.ts";
import type { Path } from "./yaml_tree.ts";

/** Makes the checks of a file that the schema has accepted, each with a name of its own. */
export function buildChecks(
  inputs: readonly CheckInput[],
  lineOf: (path: Path) => number,
): CheckSpec[] {
  const entries = inputs.map(entryOf);
  const taken = new Set(entries.flatMap(([, options]) => givenBase(options).name ?? []));
  const numbers = new Map<string, number>();
  return entries.map(([kind, options], at) => {
    const check = { kind, ...plugOf(kind).build(options) as object } as CheckKind;
    const { name, severity } = givenBase(options);
    return {
      ...check,
      name: name ?? freeName(check, taken, numbers),
      severity: severity ?? "error",
      line: lineOf(["checks", at]),
    };
  });
}

/** The kind of a check, its only key, and what stands behind it. */
export function entryOf(input: CheckInput): readonly [CheckKind["kind"], unknown] {
  return Object.entries(input)[0] as [CheckKind["kind"], unknown];
}

/** What `check_plug.ts` calls the base; a list has none. */
function givenBase(options: unknown): Partial<Pick<CheckBase, "name" | "severity">> {
  return Array.isArray(options) ? {} : options as Partial<CheckBase>;
}

/** The kind and its columns; a number tells those apart that have both in common. */
function freeName(
  check: CheckKind,
  taken: Set<string>,
  /** How often each base was asked for. */
  numbers: Map<string, number>,
): string {
  const columns = "columns" in check ? check.columns : "column" in check ? [check.column] : [];
  const base = [check.kind, ...columns].join("_");
  for (let n = (numbers.get(base) ?? 0) + 1;; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (taken.has(name)) continue;
    taken.add(name);
    numbers.set(base, n);
    return name;
  }
}
