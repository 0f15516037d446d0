import type { Diagnostic } from "../core/diagnostic.ts";
import { didYouMean } from "../core/did_you_mean.ts";
import { buildSpec } from "./build.ts";
import { COHERENCE } from "./coherence/mod.ts";
import { specHash } from "./hash.ts";
import { reportNotAvailable } from "./not_available.ts";
import type { PipelineSpec } from "./pipeline_spec.ts";
import { plainValue } from "./plain_value.ts";
import { type Report, reportOn } from "./report.ts";
import { type PipelineInput, pipelineSchema } from "./schema/pipeline.ts";
import { reportIssues, unknownKeys } from "./schema_issues.ts";
import { fillVariables, requireSecrets } from "./variables.ts";
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
}

export interface LoadResult {
  /** Null where there is an error. */
  readonly spec: PipelineSpec | null;
  /** In the order of the file. */
  readonly diagnostics: Diagnostic[];
}

/** Reads a pipeline file: the spec, or everything that is wrong with it. Never throws. */
export function loadSpec(text: string, input: LoadInput): LoadResult {
  const { tree, faults } = readYaml(text);
  const report = reportOn(text, input.file, tree);
  for (const fault of faults) report.range(fault, fault.code, fault.message);
  let spec: PipelineSpec | null = null;
  if (tree === null || tree.kind !== "map") {
    if (faults.length === 0) {
      report.range(tree ?? { start: 0, end: 0 }, "spec/wrong_type", "The file is no mapping", hint);
    }
  } else {
    spec = readTree(tree, input, report);
  }
  const diagnostics = [...report.diagnostics].sort((a, b) => a.start.offset - b.start.offset);
  return { spec: diagnostics.length === 0 ? spec : null, diagnostics };
}

const hint = 'Start with "pipeline: <name>"';

function readTree(tree: Tree, input: LoadInput, report: Report): PipelineSpec | null {
  const plain = plainValue(tree);
  const later = reportNotAvailable(tree, report);
  const checked = checkSchema(plain, tree, report, later);
  const environment = chooseEnvironment(tree, input, report);
  if (checked === null) return null;
  const vars = { ...checked.environments?.[environment ?? ""]?.vars, ...input.set };
  const url = fillVariables(checked.source.url, vars, report);
  requireSecrets(url, ["source", "url"], input.variables, report);
  for (const [name, value] of Object.entries(checked.source.headers)) {
    requireSecrets(value, ["source", "headers", name], input.variables, report);
  }
  const columns = nodeAt(tree, ["columns"]);
  const built = buildSpec(checked, {
    file: input.file,
    folder: input.folder,
    environment,
    vars,
    url,
    columnOrder: columns.kind === "map"
      ? [...new Set(columns.entries.map(({ key }) => key))].filter((key) =>
        Object.hasOwn(checked.columns, key)
      )
      : [],
  });
  for (const check of COHERENCE) check(built, report, checked);
  return { ...built, hash: specHash(built, checked.source.url) };
}

/** Checks against the schema; unknown keys are left out and do not end the checks. */
function checkSchema(
  plain: unknown,
  tree: Tree,
  report: Report,
  later: readonly Path[],
): PipelineInput | null {
  const first = pipelineSchema.safeParse(plain);
  if (first.success) return first.data;
  reportIssues(first.error.issues, plain, tree, report, later);
  const unknown = unknownKeys(first.error.issues);
  if (unknown === null) return null;
  const rest = structuredClone(plain);
  for (const path of unknown) remove(rest, path);
  return pipelineSchema.safeParse(rest).data ?? null;
}

function remove(value: unknown, path: Path): void {
  let holder = value as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) holder = holder[step] as typeof holder;
  delete holder[path.at(-1)!];
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
