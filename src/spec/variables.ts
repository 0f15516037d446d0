import { didYouMean } from "../core/did_you_mean.ts";
import { isPeriod, type Placeholder, placeholdersOf } from "../core/period.ts";
import { unreadable, unreadableText } from "../core/pipeline_variables.ts";
import { secretNames } from "../core/secret.ts";
import type { Report } from "./report.ts";
import type { Path } from "./yaml_tree.ts";

type Values = Readonly<Record<string, string>>;

/** Where the values of `{name}` come from. */
export interface VariableScope {
  /** The chosen environment; null where the file has none. */
  readonly environment: string | null;
  /** The variables of each environment. */
  readonly environments: Readonly<Record<string, Values>>;
  /** What `--set` gives; it wins over the environment. */
  readonly set: Values;
}

const URL_PATH: Path = ["source", "url"];

const PARTITION_WORDS = ["partition", "year", "quarter", "month", "week", "day", "hour"];

/** The values of the chosen environment, with those of `--set`. */
export function variablesOf(scope: VariableScope): Values {
  return { ...chosen(scope), ...scope.set };
}

/** Fills the `{name}` variables of a URL; placeholders of the partition stay. */
export function fillVariables(url: string, vars: Values): string {
  return placeholdersOf(url).reduceRight((filled, { text, name, pattern, offset }) => {
    if (!isVariable(name) || pattern !== null || !Object.hasOwn(vars, name)) return filled;
    return filled.slice(0, offset) + vars[name] + filled.slice(offset + text.length);
  }, url);
}

/** An address of a source, and where it stands. */
export interface PlacedUrl {
  readonly text: string;
  readonly path: Path;
}

/** All texts of a source that variables may stand in. */
export function placedTexts(
  source: {
    readonly url: string | readonly string[];
    readonly checksum?: string;
    readonly table?: string;
  },
): PlacedUrl[] {
  const { checksum, table } = source;
  return [
    ...placedUrls(source),
    ...(table === undefined ? [] : [{ text: table, path: ["source", "table"] }]),
    ...(checksum === undefined ? [] : [{ text: checksum, path: ["source", "checksum"] }]),
  ];
}

/** The addresses of `source.url`, one or a list. */
export function placedUrls({ url }: { readonly url: string | readonly string[] }): PlacedUrl[] {
  return typeof url === "string"
    ? [{ text: url, path: URL_PATH }]
    : url.map((text, at) => ({ text, path: [...URL_PATH, at] }));
}

/** Reports what is wrong with the variables of the addresses. */
export function checkVariables(
  urls: readonly PlacedUrl[],
  scope: VariableScope,
  report: Report,
  /** The variable that is the format, which is filled in already. */
  format: string | null = null,
): void {
  const vars = variablesOf(scope);
  const used = urls.flatMap(({ text, path }) =>
    placeholdersOf(text).filter(({ name }) => isVariable(name))
      .map((placeholder) => ({ ...placeholder, path }))
  );
  checkNames(scope, report);
  for (const placeholder of used) {
    if (placeholder.pattern === null && Object.hasOwn(vars, placeholder.name)) {
      checkValue(placeholder.name, vars[placeholder.name], scope, report);
    } else reportUnknown(placeholder, vars, placeholder.path, report);
  }
  const known = new Set([
    ...Object.values(scope.environments).flatMap(Object.keys),
    ...used.map(({ name }) => name),
    ...(format === null ? [] : [format]),
  ]);
  for (const name of Object.keys(scope.set)) {
    if (known.has(name)) continue;
    const near = didYouMean(name, known);
    report.key(
      ["environments"],
      "spec/unknown_variable",
      `--set gives "${name}", which the file does not use`,
      near !== null
        ? `Did you mean "${near}"?`
        : known.size === 0
        ? "The file has no variables"
        : `Variables: ${[...known].join(", ")}`,
    );
  }
}

/** Which `${NAME}` a pipeline file refers to can be read. */
export interface SecretScope {
  /** Environment variables of the process. */
  readonly variables: Values;
  /** The source will be opened: it cannot do without its variables. */
  readonly opensSource: boolean;
}

/** Reports `${NAME}` references of a URL, and of the variables in it, that cannot be read. */
export function checkUrlSecrets(
  { text: url, path }: PlacedUrl,
  scope: VariableScope,
  secrets: SecretScope,
  report: Report,
): void {
  checkSecrets(url, path, secrets, report);
  const vars = variablesOf(scope);
  for (const { name } of placeholdersOf(url)) {
    if (!isVariable(name) || !Object.hasOwn(vars, name)) continue;
    checkSecrets(vars[name], placeOf(name, scope), secrets, report);
  }
}

/**
 * Reports `${NAME}` references that a pipeline file cannot read: as an error where it may never, or
 * where the source that is to be opened needs it, and else as a warning.
 */
export function checkSecrets(
  text: string,
  path: Path,
  { variables, opensSource }: SecretScope,
  report: Report,
): void {
  for (const name of secretNames(text)) {
    const why = unreadable(name, variables);
    if (why === null) continue;
    const { message, hint } = unreadableText(name, why);
    const readable = Object.keys(variables).filter((each) => unreadable(each, variables) === null);
    const near = why === "unset" ? didYouMean(name, readable) : null;
    report.part(
      path,
      `\${${name}}`,
      why === "unset" ? "spec/unset_variable" : "spec/forbidden_variable",
      message,
      near === null ? hint : `Did you mean "${near}"?`,
      why === "never" || (opensSource && path[0] !== "notify") ? "error" : "warning",
    );
  }
}

function checkNames(scope: VariableScope, report: Report): void {
  for (const [environment, vars] of Object.entries(scope.environments)) {
    for (const name of Object.keys(vars)) {
      const path = ["environments", environment, "vars", name];
      if (!isVariable(name)) {
        report.key(path, "spec/bad_name", `"{${name}}" stands for the partition`, "Rename it");
      } else if (!IDENTIFIER.test(name)) {
        report.key(
          path,
          "spec/bad_name",
          `"${name}" cannot be a variable`,
          "Expected letters, digits and _, not starting with a digit",
        );
      }
    }
  }
}

/** Values are put in as they are, so that a variable in one would stay unfilled. */
function checkValue(name: string, value: string, scope: VariableScope, report: Report): void {
  for (const inner of placeholdersOf(value)) {
    if (!isVariable(inner.name)) continue;
    report.part(
      placeOf(name, scope),
      inner.text,
      "spec/unknown_variable",
      `Variable "${name}" holds "${inner.text}", which is not filled`,
      "Write it in source.url, beside the other one",
    );
  }
}

function reportUnknown(
  { name, pattern, text }: Placeholder,
  vars: Values,
  path: Path,
  report: Report,
): void {
  const names = Object.keys(vars);
  const near = didYouMean(name, [...names, ...PARTITION_WORDS]);
  const hint = near !== null && (near !== name || pattern === null)
    ? `Did you mean "{${near}}"?`
    : near !== null
    ? `Only the partition has patterns: write "{${name}}"`
    : !IDENTIFIER.test(name)
    ? "A brace that belongs to the address is written %7B"
    : names.length > 0
    ? `Variables: ${names.join(", ")}`
    : "Name it under environments.<name>.vars, or give it with --set";
  report.part(path, text, "spec/unknown_variable", `"${text}" has no value`, hint);
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

function chosen({ environment, environments }: VariableScope): Values {
  return environment !== null && Object.hasOwn(environments, environment)
    ? environments[environment]
    : {};
}

/** Where a variable's value is written; `--set` has no place in the file but the URL. */
function placeOf(name: string, scope: VariableScope): Path {
  return Object.hasOwn(scope.set, name)
    ? URL_PATH
    : ["environments", scope.environment ?? "", "vars", name];
}

/** Whether a name is a variable's, and does not stand for the partition. */
export function isVariable(name: string): boolean {
  return !isPeriod(name) && name !== "partition" && name !== "list";
}
