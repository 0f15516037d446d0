import type { Output } from "../output.ts";
import { showDraft } from "./draft_text.ts";
import { checkReportText } from "./check_text.ts";
import { explanationsText } from "./explanations_text.ts";
import { historyText } from "./history_text.ts";
import { newFolderText } from "./new_folder_text.ts";
import { planText } from "./plan_text.ts";
import { printable } from "./printable.ts";
import { rejectsText } from "./rejects_text.ts";
import { previewText } from "./preview_text.ts";
import { runText, shellWord } from "./run_text.ts";
import { type Screen, wrap } from "./screen.ts";
import { findingsText, standingsText } from "./status_text.ts";
import type { View } from "./view.ts";

/**
 * Writes tables and sentences to standard output, each as soon as it is known.
 *
 * @param quiet what a command did is not told: its exit code says that it did
 */
export function humanView(out: Output, screen: Screen, quiet = false): View {
  const { paint } = screen;
  const nothing = () => {};
  const sentence = (text: string) => out.write(`${wrap(text, screen.width)}\n`);
  let severalRuns = false;
  let plans = 0;
  const view: View = {
    severalRuns: () => void (severalRuns = true),
    run({ file, result, target }) {
      if (result === null) return;
      const of = target === undefined ? "" : ` into ${printable(target)}`;
      const title = severalRuns ? `${paint("strong", result.pipeline)}${of}\n` : "";
      out.write(title + runText(result, file, screen) + (severalRuns ? "\n" : ""));
    },
    detached: ({ file, pipeline }) =>
      sentence(`${pipeline} is queued for workers; \`history ${file}\` shows how it ends`),
    drafted({ file, text }) {
      if (file === null) return showDraft(text, out.write, out.writeSecret);
      out.write(
        `${file} is written; see what it would do with\n  ${screen.typed} plan ${
          shellWord(file)
        }\n`,
      );
    },
    folderMade: (made) => out.write(newFolderText(made, screen)),
    preview: (_pipeline, preview) => out.write(previewText(preview, screen)),
    severalPlans: nothing,
    plan({ plan }, sql) {
      if (plan === null) return;
      out.write(`${plans > 0 ? "\n" : ""}${planText(plan, screen, { sql })}`);
      plans++;
    },
    validated: (checks) =>
      out.write(
        checks.filter(({ valid }) => valid)
          .map(({ file, pipeline }) => `${paint("good", "ok")}  ${file}  (${pipeline})\n`).join(""),
      ),
    checked: (report) => out.write(checkReportText(report, screen)),
    rollback({ target, partitions }) {
      const lines = partitions.map(({ partition, from_version, to_version }) => {
        const of = partition === null ? "" : `  ${paint("name", partition)}`;
        return `${target}${of}  version ${from_version} is out, version ${to_version} is live\n`;
      });
      out.write(lines.join(""));
    },
    history: (pipeline, history) => out.write(historyText(pipeline, history, screen)),
    standings: (standings, now) => out.write(standingsText(standings, now, screen)),
    diagnosed(findings) {
      const wrong = quiet ? findings.filter(({ status }) => status !== "ok") : findings;
      out.write(findingsText(wrong, screen));
    },
    explained: (explanations) => out.write(explanationsText(explanations, screen)),
    codes: (explanations) => out.write(explanations.map(({ code }) => `${code}\n`).join("")),
    rejects: (page) => out.write(rejectsText(page, screen)),
    databaseStarted: ({ port, dataFolder }) =>
      sentence(`Postgres listens on 127.0.0.1:${port}; its data is in ${screen.path(dataFolder)}`),
    databaseStatus: (server) =>
      sentence(
        server === null
          ? "Postgres is not running"
          : `Postgres runs as process ${server.pid} on 127.0.0.1:${server.port}; ` +
            `its data is in ${screen.path(server.dataFolder)}`,
      ),
    databaseStopped: (outcome) => sentence(STOPPED[outcome]),
    databaseUrl: (url) => out.writeSecret(`${url}\n`),
    diagnostics: nothing,
    failed: nothing,
    end: nothing,
  };
  if (!quiet) return view;
  return {
    ...view,
    run: nothing,
    detached: nothing,
    folderMade: nothing,
    drafted: (draft) => draft.file === null ? view.drafted(draft) : undefined,
    validated: nothing,
    checked(report) {
      const checks = report.checks.filter(({ passed }) => !passed);
      if (checks.length > 0) view.checked({ ...report, checks, skipped: [] });
    },
    rollback: nothing,
    databaseStarted: nothing,
    databaseStopped: nothing,
  };
}

const STOPPED = {
  stopped: "Postgres is stopped",
  not_running: "Postgres was not running",
  in_use: "Postgres is in use: it stops when the last command that uses it ends",
} as const;
