import { didYouMean } from "../core/did_you_mean.ts";
import { isPeriod, placeholdersOf } from "../core/period.ts";
import { secretNames } from "../core/secret.ts";
import type { Report } from "./report.ts";
import type { Path } from "./yaml_tree.ts";

/** Fills the `{name}` variables of a URL; placeholders of the partition stay. */
export function fillVariables(
  url: string,
  vars: Readonly<Record<string, string>>,
  report: Report,
): string {
  const path = ["source", "url"];
  for (const { name, pattern, text } of placeholdersOf(url)) {
    if (isPlaceholder(name) || (pattern === null && Object.hasOwn(vars, name))) continue;
    const near = didYouMean(name, [...Object.keys(vars), "month", "partition", "year", "day"]);
    report.value(
      path,
      "spec/unknown_variable",
      `Nothing gives "${text}" a value`,
      near === null
        ? "Name it under environments.<name>.vars, or give it with --set"
        : `Did you mean "{${near}}"?`,
    );
  }
  return url.replace(
    /(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
    (whole, name: string) => !isPlaceholder(name) && Object.hasOwn(vars, name) ? vars[name] : whole,
  );
}

/** Reports `${NAME}` references to variables that the process does not have. */
export function requireSecrets(
  text: string,
  path: Path,
  variables: Readonly<Record<string, string>>,
  report: Report,
): void {
  for (const name of secretNames(text)) {
    if (Object.hasOwn(variables, name)) continue;
    const near = didYouMean(name, Object.keys(variables));
    report.value(
      path,
      "spec/unset_variable",
      `Environment variable "${name}" is not set`,
      near === null ? "Set it before the run" : `Did you mean "${near}"?`,
    );
  }
}

/** Names that stand for the partition and are no variables. */
function isPlaceholder(name: string): boolean {
  return isPeriod(name) || name === "partition" || name === "list";
}
