import type { CheckReport } from "./check_plug.ts";

/** Options of a check, null where they are left out. */
type Options = Readonly<Record<string, unknown>>;

/** One of several options must be there. */
export function requireOne(kind: string, options: Options, report: CheckReport): void {
  if (Object.values(options).some((value) => value !== null)) return;
  const keys = Object.keys(options);
  const hint = `Add ${keys.slice(0, -1).join(", ")} or ${keys.at(-1)}`;
  report.key(null, "spec/missing_key", `"${kind}" has no limit`, hint);
}

/** One option says all that the others could. */
export function excludeOthers(key: string, options: Options, report: CheckReport): void {
  const others = Object.keys(options).filter((other) => other !== key && options[other] !== null);
  if (options[key] === null || others.length === 0) return;
  report.key(
    others[0],
    "spec/contradiction",
    `"${key}" and "${others[0]}" exclude each other`,
  );
}

/** The least is not above the most. */
export function limitsInOrder(min: number | null, max: number | null, report: CheckReport): void {
  if (min === null || max === null || min <= max) return;
  report.value("min", "spec/bad_limits", `"${min}" is above "${max}"`);
}
