import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { nameTarget } from "./name_target.ts";
import { openDatabase, type OpenedDatabase } from "./open_database.ts";
import type { DatabaseFlags, OutputFlags, SpecFlags } from "./options.ts";
import { namesFolder, pipelineFiles } from "./pipeline_arguments.ts";
import { requirePipelines } from "./require_pipelines.ts";
import type { Session } from "./session.ts";

/** Options of the commands that read pipeline files and use their database. */
export type PipelineFlags = Omit<OutputFlags, "output"> & SpecFlags & DatabaseFlags & {
  readonly concurrency?: number;
};

/** Pipelines, and the database of their targets until this is disposed of. */
export interface OpenedPipelines extends AsyncDisposable {
  /** In the order of the arguments; at least one. */
  readonly specs: readonly PipelineSpec[];
  readonly database: OpenedDatabase;
}

/** How {@link openPipelines} reads the files. */
export interface Opening {
  readonly command: string;
  /** Folders stand for their files; elsewhere a folder is an error. */
  readonly takesFolders?: boolean;
  /** The command opens the sources, and needs their variables. */
  readonly opensSource?: boolean;
  /** Puts what was read in order, before the database is opened; null: it has none. */
  readonly prepare?: (specs: readonly PipelineSpec[]) => readonly PipelineSpec[] | null;
}

/**
 * Reads the pipeline files that a command names, opens the database and says which one it is.
 *
 * @returns null where a file is wrong, after every mistake is told
 */
export async function openPipelines(
  names: readonly string[],
  flags: PipelineFlags,
  session: Session,
  { command, takesFolders = false, opensSource = false, prepare = (specs) => specs }: Opening,
): Promise<OpenedPipelines | null> {
  const files = takesFolders ? await pipelineFiles(names, session.cli) : names;
  // What `after` names must be among them where a folder was meant as a whole.
  const isComplete = ["run", "plan"].includes(command) && namesFolder(names, files);
  const read = await requirePipelines(files, flags, session, opensSource, isComplete);
  const specs = read === null ? null : prepare(read);
  if (specs === null) return null;
  const database = await openDatabase(flags, specs, command, session);
  nameTarget(specs, database, flags, session);
  return { specs, database, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}
