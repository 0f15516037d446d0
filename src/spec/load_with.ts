import type { Diagnostic } from "../core/diagnostic.ts";
import { type Secrets, secretsFrom } from "../core/secret.ts";
import { didYouMean } from "../core/did_you_mean.ts";
import { buildSpec } from "./build.ts";
import { readsDatabase } from "./database_source.ts";
import { checkAgainstSchema } from "./check_schema.ts";
import { checkCoherence } from "./coherence/mod.ts";
import { specHash } from "./hash.ts";
import { reportNotAvailable } from "./not_available.ts";
import { fillFormat } from "./format_variable.ts";
import type { PipelineSpec } from "./pipeline_spec.ts";
import { plainValue } from "./plain_value.ts";
import type { Readers } from "./readers.ts";
import { type Report, reportOn } from "./report.ts";
import type { PipelineInput } from "./schema/pipeline.ts";
import {
  checkSecrets,
  checkUrlSecrets,
  checkVariables,
  fillVariables,
  placedTexts,
  placedUrls,
  type VariableScope,
  variablesOf,
} from "./variables.ts";
import { nodeAt, type Path, readYaml, type Tree } from "./yaml_tree.ts";

/** What a pipeline file is read with, beside its text. */
export interface LoadInput {
  /** As the user named it. */
  readonly file: string;
  /** Absolute path that relative sources start from. */
  readonly folder: string;
  /** The first one of the file when left out. */
  readonly environment?: string;
  /** Variables that override the environment's. */
  readonly set?: Readonly<Record<string, string>>;
  /** Environment variables of the process. */
  readonly variables: Readonly<Record<string, string>>;
  /** The source will be opened: a variable that it needs and that is not set is an error. */
  readonly opensSource?: boolean;
  /** Programs that notifications may run, as the operator named them; left out: none is checked. */
  readonly allowedCommands?: readonly string[];
  /** Learn the passwords of the URLs in the file: diagnostics quote its lines. */
  readonly secrets?: Pick<Secrets, "hide">;
}

export interface LoadResult {
  /** Null where there is an error. */
  readonly spec: PipelineSpec | null;
  /** In the order of the file; a spec may have warnings. */
  readonly diagnostics: Diagnostic[];
}

/**
 * Reads a pipeline file: the spec, or everything that is wrong with it.
 *
 * @throws NotLoaded where a value needs one of the readers that is not loaded; nothing else
 */
export function loadWith(file: string, input: LoadInput, readers: Readers): LoadResult {
  // Editors do not count a byte order mark as a column.
  const text = file.replace(/^\ufeff/, "");
  const { tree, faults } = readYaml(text);
  if (tree !== null && input.secrets !== undefined) hideUrls(tree, input.secrets);
  const report = reportOn(text, input.file, tree);
  for (const fault of faults) report.range(fault, fault.code, fault.message);
  let spec: PipelineSpec | null = null;
  if (tree === null || tree.kind !== "map") {
    if (faults.length === 0) {
      report.range(
        tree ?? { start: 0, end: 0 },
        "spec/wrong_type",
        "The file is not a mapping",
        hint,
      );
    }
  } else {
    spec = readTree(tree, input, report, readers);
  }
  const diagnostics = [...report.diagnostics].sort((a, b) => a.start.offset - b.start.offset);
  return {
    spec: diagnostics.some(({ severity }) => severity === "error") ? null : spec,
    diagnostics,
  };
}

function hideUrls(tree: Tree, secrets: Pick<Secrets, "hide">): void {
  if (tree.kind === "map") { for (const { value } of tree.entries) hideUrls(value, secrets); }
  if (tree.kind === "list") { for (const item of tree.items) hideUrls(item, secrets); }
  if (tree.kind !== "scalar") return;
  for (const text of new Set([String(tree.value), tree.text])) secrets.hide(text);
}

const FORMAT_PATH: Path = ["source", "format"];

const hint = 'Start with "pipeline: <name>"';

function readTree(
  tree: Tree,
  input: LoadInput,
  report: Report,
  readers: Readers,
): PipelineSpec | null {
  const later = reportNotAvailable(tree, report);
  const environment = chooseEnvironment(tree, input, report);
  const written = plainValue(withoutKeys(tree, later));
  const format = fillFormat(written, environment, input.set ?? {});
  if (format?.isKnown === false) {
    const path = ["source", "format"];
    const hint = `Name it under environments.<name>.vars, or give it with --set ${format.name}=csv`;
    report.value(path, "spec/unknown_variable", `"{${format.name}}" has no value`, hint);
    return null;
  }
  const checked = checkAgainstSchema(format?.plain ?? written, tree, report, later);
  const secrets = { variables: input.variables, opensSource: input.opensSource ?? false };
  if (checked === null) return null;
  const { input: file, broken } = checked;
  const scope: VariableScope = {
    environment,
    environments: Object.fromEntries(
      Object.entries(file.environments ?? {}).map(([name, value]) => [name, value?.vars ?? {}]),
    ),
    set: input.set ?? {},
  };
  if (!broken.touches(["environments"]) && !broken.touches(["source", "url"])) {
    const urls = placedTexts(file.source);
    checkVariables(urls, scope, report, format?.name ?? null);
    for (const url of urls) checkUrlSecrets(url, scope, secrets, report);
  }
  for (const [name, value] of Object.entries(file.source.headers)) {
    checkSecrets(value, ["source", "headers", name], secrets, report);
  }
  file.notify.forEach(({ webhook, command }, at) => {
    if (webhook !== undefined) {
      checkSecrets(webhook, ["notify", at, "webhook"], secrets, report);
    }
    command?.forEach((word, n) =>
      checkSecrets(word, ["notify", at, "command", n], secrets, report)
    );
  });
  if (input.allowedCommands !== undefined) {
    checkCommands(file.notify, input.allowedCommands, input.variables, report);
  }
  if (readsDatabase(file.source) && nodeAt(tree, FORMAT_PATH) !== nodeAt(tree, ["source"])) {
    const message = `"format" is for files, and the source is a database`;
    report.key(FORMAT_PATH, "spec/contradiction", message, "Leave it out");
  }
  const vars = variablesOf(scope);
  const built = buildSpec(file, {
    file: input.file,
    folder: input.folder,
    environment,
    vars,
    ...(file.source.checksum === undefined
      ? {}
      : { checksum: fillVariables(file.source.checksum, vars) }),
    ...(file.source.table === undefined ? {} : { table: fillVariables(file.source.table, vars) }),
    urls: placedUrls(file.source).map(({ text }) => fillVariables(text, vars)),
    columnOrder: columnOrder(tree, file),
    lineOf: (path) => report.lineOf(path),
  });
  checkCoherence(built, report, checked, readers);
  return { ...built, hash: specHash(built, file.source.url) };
}

/** Warns of programs that no run will start; a run says so too, when it starts. */
function checkCommands(
  notify: PipelineInput["notify"],
  allowed: readonly string[],
  variables: Readonly<Record<string, string>>,
  report: Report,
): void {
  const secrets = secretsFrom(variables);
  notify.forEach(({ command }, at) => {
    // Of a variable that cannot be read more need not be said.
    if (command === undefined || command.some((word) => secrets.unreadable(word).length > 0)) {
      return;
    }
    if (allowed.includes(secrets.revealInPipeline(command[0]))) return;
    report.part(
      ["notify", at, "command", 0],
      command[0],
      "spec/command_not_allowed",
      `"${command[0]}" is not an allowed program: it will not run`,
      "Allow it with --allow-command or in SLUICE_ALLOWED_COMMANDS, and let Deno run it",
      "warning",
    );
  });
}

/** The file without top-level keys of which more need not be said. */
function withoutKeys(tree: Tree, paths: readonly Path[]): Tree {
  if (tree.kind !== "map") return tree;
  const keys = paths.filter(({ length }) => length === 1).map(([key]) => key);
  return { ...tree, entries: tree.entries.filter(({ key }) => !keys.includes(key)) };
}

/** Column names in the order of the file: a JavaScript object moves `1` to the front. */
function columnOrder(tree: Tree, file: PipelineInput): string[] {
  const columns = nodeAt(tree, ["columns"]);
  if (columns === tree || columns.kind !== "map") return Object.keys(file.columns);
  const names = new Set(columns.entries.map(({ key }) => key));
  return [...names].filter((name) => Object.hasOwn(file.columns, name));
}

function chooseEnvironment(tree: Tree, input: LoadInput, report: Report): string | null {
  const node = nodeAt(tree, ["environments"]);
  const names = node !== tree && node.kind === "map" ? node.entries.map(({ key }) => key) : [];
  if (input.environment === undefined) return names[0] ?? null;
  if (names.includes(input.environment)) return input.environment;
  const near = didYouMean(input.environment, names);
  report.key(
    ["environments"],
    "spec/unknown_environment",
    `There is no environment "${input.environment}"`,
    near !== null
      ? `Did you mean "${near}"?`
      : names.length === 0
      ? "The file has no environments"
      : `Environments: ${names.join(", ")}`,
  );
  // With the default one the rest can still be checked.
  return names[0] ?? null;
}
