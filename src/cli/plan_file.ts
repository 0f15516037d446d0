import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import { jsonText } from "../core/json_text.ts";
import { redactDeep } from "../core/redact_deep.ts";
import type { Secrets } from "../core/secret.ts";
import type { DatabaseIdentity } from "../db/identity.ts";
import type { ApprovedPlan } from "../plan/moved.ts";
import type { RunOptions } from "../run/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { cannotWrite } from "./cannot_write.ts";
import type { Folders } from "./read_text.ts";

/** What a plan file is told by. */
const FORMAT = "sluice-plan";

/** Of the file: another one is not read. */
const FORMAT_VERSION = 1;

/** Bytes: a plan of a thousand partitions with a hundred columns takes a fifth of it. */
const LONGEST = 512 * 1024 * 1024;

/** A pipeline's part of it. */
export interface PlannedFile extends ApprovedPlan {
  /** The pipeline file, as it was named. */
  readonly file: string;
}

/** What was planned, for somebody to look at before it is run. */
export interface PlanDocument {
  /** Of Sluice: another one may do otherwise. */
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly made_at: string;
  readonly database: DatabaseIdentity & {
    /** As it was reached, without the password. */
    readonly address: string;
  };
  /** `--env`; null: left out. */
  readonly env: string | null;
  /** `--set` */
  readonly set: Readonly<Record<string, string>>;
  readonly options: Omit<RunOptions, "approved">;
  /** In the order in which they run. */
  readonly plans: readonly PlannedFile[];
}

/**
 * Writes a plan file, in the place of another plan file only. Makes its folder where there is none.
 *
 * @throws SluiceError `cli/…`; `cli/literal_secret` where it would hold a secret
 */
export async function writePlanFile(
  name: string,
  document: PlanDocument,
  secrets: Secrets,
  { workingFolder, invokedFolder }: Folders,
): Promise<void> {
  requireNoSecret(document, secrets);
  const path = resolve(invokedFolder ?? workingFolder, name);
  await requireOwn(name, path);
  // As it will be read.
  const plain = JSON.parse(JSON.stringify(document)) as PlanDocument;
  const text = jsonText(
    { format: FORMAT, format_version: FORMAT_VERSION, sha256: digestOf(plain), ...plain },
    undefined,
    1,
  );
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, `${text}\n`, { flag: "wx" });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw cannotWrite(name, cause);
  }
}

/**
 * Reads a plan file.
 *
 * @param version of Sluice
 * @throws SluiceError `cli/no_such_file`, `cli/not_a_plan`, `cli/plan_of_another_version`
 */
export async function readPlanFile(
  name: string,
  version: string,
  { workingFolder, invokedFolder }: Folders,
): Promise<PlanDocument> {
  for (const folder of new Set([workingFolder, invokedFolder ?? workingFolder])) {
    const text = await readText(name, resolve(folder, name));
    if (text !== null) return parsePlan(name, text, version);
  }
  throw new SluiceError("cli/no_such_file", `There is no file "${name}"`, {
    hint: "Name a file that `plan --out` has written",
  });
}

/** The pipeline files of a plan file's text; none where it is something else. */
export function filesOfPlan(text: string): readonly string[] {
  try {
    const { plans } = JSON.parse(text) as PlanDocument;
    return plans.map(({ file }) => file).filter((file) => typeof file === "string");
  } catch {
    return [];
  }
}

function parsePlan(name: string, text: string, version: string): PlanDocument {
  let file: PlanDocument & { format?: unknown; format_version?: unknown; sha256?: unknown };
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw notAPlan(name, "is no JSON, or a part of it is missing", cause);
  }
  if (typeof file !== "object" || file === null || file.format !== FORMAT) {
    throw notAPlan(name, "is no plan");
  }
  const { format: _, format_version, sha256, ...document } = file;
  if (format_version !== FORMAT_VERSION || document.version !== version) {
    throw new SluiceError(
      "cli/plan_of_another_version",
      `"${name}" was made by Sluice ${String(document.version)}, and this is ${version}`,
      { hint: "Make a new plan, look at it, and apply that one" },
    );
  }
  if (sha256 !== digestOf(document)) throw notAPlan(name, "was changed since it was written");
  return document;
}

function notAPlan(name: string, what: string, cause?: unknown): SluiceError {
  return new SluiceError("cli/not_a_plan", `"${name}" ${what}`, {
    hint: "Name a file that `plan --out` has written, as it was written",
    cause,
  });
}

/** Of what was parsed: then the order of its keys is that of the file. */
function digestOf(document: PlanDocument): string {
  return createHash("sha256").update(JSON.stringify(document)).digest("hex");
}

/** Null where there is no such file. */
async function readText(name: string, path: string): Promise<string | null> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw notAPlan(name, info.isDirectory() ? "is a folder" : "is no file");
    if (info.size > LONGEST) throw notAPlan(name, "is too long for a plan");
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof SluiceError || cause instanceof Deno.errors.NotCapable) throw cause;
    const { code, message } = cause as { code?: string; message?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new SluiceError(
      "cli/unreadable_file",
      `"${name}" cannot be read: ${message ?? cause}`,
      { hint: "Check its name, its owner and its mode", cause },
    );
  }
}

/** @throws SluiceError where something else stands there, which is never overwritten */
async function requireOwn(name: string, path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info === null) return;
  const isOwn = info.isFile() && info.size <= LONGEST &&
    /^\{\s*"format":\s*"sluice-plan",/.test(await readFile(path, "utf8").catch(() => ""));
  if (isOwn) return;
  throw new SluiceError(
    "cli/file_exists",
    `"${name}" exists, and is left as it is: it is no plan`,
    {
      hint: "Name another file, or remove that one",
    },
  );
}

/** Of what the pipeline file, the command line and servers have said, nothing may be a secret. */
function requireNoSecret({ set, plans }: PlanDocument, secrets: Secrets): void {
  for (const { file, basis: { spec, partitions } } of plans) {
    const { source, columns, rules, checks, hooks } = spec;
    // Not the columns' names: a short secret may be one by chance.
    const expressions = (columns as PipelineSpec["columns"]).flatMap((column) =>
      column.expression ?? []
    );
    const said = { set, source, columns: expressions, rules, checks, hooks, partitions };
    for (const [key, value] of Object.entries(said)) {
      const before = JSON.stringify(value);
      if (before === undefined || JSON.stringify(redactDeep(value, secrets)) === before) continue;
      throw new SluiceError(
        "cli/literal_secret",
        `A plan file would hold a secret of ${file}: its text is in "${key}"`,
        { hint: 'Write a secret as "${NAME}", and set NAME where the plan is applied' },
      );
    }
  }
}
