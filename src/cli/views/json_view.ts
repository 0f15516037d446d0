import type { Diagnostic } from "../../core/diagnostic.ts";
import { jsonText } from "../../core/json_text.ts";
import type { Secrets } from "../../core/secret.ts";
import type { Output } from "../output.ts";
import { redactDeep } from "../../core/redact_deep.ts";
import { showDraft } from "./draft_text.ts";
import type { RunOutcome, View } from "./view.ts";

/** Writes one JSON object to standard output, at the end. */
export function jsonView(out: Output, secrets: Secrets): View {
  let document: object | null = null;
  let runs: object[] | null = null;
  let plans: object[] | null = null;
  let secretDocument: object | null = null;
  const show = (object: object) => void (document = object);
  return {
    severalRuns: () => void (runs = []),
    run(outcome) {
      const object = runObject(outcome, runs !== null);
      if (runs === null) document = object;
      else runs.push(object);
    },
    detached({ file, pipeline }) {
      const object = { pipeline, status: "queued" };
      if (runs === null) document = object;
      else runs.push({ file, ...object });
    },
    drafted({ file, text }) {
      const parts: string[] = [];
      showDraft(text, (part) => parts.push(secrets.redact(part)), (part) => parts.push(part));
      secretDocument = { file, text: parts.join("") };
    },
    folderMade: ({ folder, files }) => show({ folder, files }),
    preview: (pipeline, preview) => show({ pipeline, ...preview }),
    severalPlans: () => void (plans = []),
    plan({ file, plan, error }) {
      const object = plan ?? { error };
      if (plans === null) document = object;
      else plans.push({ file, ...object });
    },
    validated: (files, diagnostics) =>
      show({ files, diagnostics: diagnostics.map(diagnosticObject) }),
    checked: show,
    rollback: show,
    history: (pipeline, history) => show({ pipeline, ...history }),
    standings: (pipelines) => show({ pipelines }),
    diagnosed: (findings) => show({ findings }),
    explained: (codes) => show({ codes }),
    codes: (codes) => show({ codes }),
    rejects: ({ pipeline, rejects }) => show({ pipeline, ...rejects }),
    databaseStarted: ({ port, pid, dataFolder }) =>
      show({ status: "running", port, pid, data_folder: dataFolder }),
    databaseStatus: (server) =>
      show(
        server === null ? { status: "not_running" } : {
          status: "running",
          port: server.port,
          pid: server.pid,
          data_folder: server.dataFolder,
        },
      ),
    databaseStopped: (status) => show({ status }),
    databaseUrl: (url) => void (secretDocument = { url }),
    diagnostics: (diagnostics) => show({ diagnostics: diagnostics.map(diagnosticObject) }),
    failed: (error) => show({ error }),
    end() {
      if (secretDocument !== null) return out.writeSecret(lines(secretDocument));
      const several = runs !== null ? { runs } : plans !== null ? { plans } : null;
      const result = document ?? several;
      if (result !== null) out.writeSecret(lines(redactDeep(result, secrets)));
    },
  };
}

/** The result itself; what has none, and each of several, names its file. */
function runObject({ file, result, error }: RunOutcome, several: boolean): object {
  if (result === null) return several ? { file, error } : { error };
  return several ? { file, ...result } : result;
}

function diagnosticObject({ code, severity, message, hint, file, start, end }: Diagnostic): object {
  return { code, severity, message, ...(hint === undefined ? {} : { hint }), file, start, end };
}

function lines(value: unknown): string {
  return jsonText(value, jsonValue, 2) + "\n";
}

/** Counts beyond 2^53 keep every digit, as text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
