import type { Output } from "../output.ts";
import { checkReportText } from "./check_text.ts";
import { historyText } from "./history_text.ts";
import { paintFor } from "./paint.ts";
import { planText } from "./plan_text.ts";
import { rejectsText } from "./rejects_text.ts";
import { previewText } from "./preview_text.ts";
import { runText, shellWord } from "./run_text.ts";
import { findingsText, standingsText } from "./status_text.ts";
import type { View } from "./view.ts";

/** Writes tables and sentences to standard output, each as soon as it is known. */
export function humanView(out: Output): View {
  const paint = paintFor(out);
  const nothing = () => {};
  return {
    severalRuns: nothing,
    run: ({ file, result }) => out.write(result === null ? "" : runText(result, file, paint)),
    detached: ({ file, pipeline }) =>
      out.write(
        `${pipeline} is queued for workers; \`history ${file}\` shows how it ends\n`,
      ),
    drafted: ({ file, text }) =>
      out.write(
        file === null
          ? text
          : `${file} is written; see what it would do with\n  deno task plan ${shellWord(file)}\n`,
      ),
    preview: (_pipeline, preview) => out.write(previewText(preview, paint)),
    plan: (plan, sql) => out.write(planText(plan, paint, { sql })),
    validated: (checks) =>
      out.write(
        checks.filter(({ valid }) => valid)
          .map(({ file, pipeline }) => `${paint("good", "ok")}  ${file}  (${pipeline})\n`).join(""),
      ),
    checked: (report) => out.write(checkReportText(report, paint)),
    rollback({ target, partitions }) {
      const lines = partitions.map(({ partition, from_version, to_version }) => {
        const of = partition === null ? "" : `  ${paint("name", partition)}`;
        return `${target}${of}  version ${from_version} is out, version ${to_version} is live\n`;
      });
      out.write(lines.join(""));
    },
    history: (pipeline, history) => out.write(historyText(pipeline, history, paint)),
    standings: (standings, now) => out.write(standingsText(standings, now, paint)),
    diagnosed: (findings) => out.write(findingsText(findings, paint)),
    rejects: (page) => out.write(rejectsText(page, paint)),
    databaseStarted: ({ port, dataFolder }) =>
      out.write(`Postgres listens on 127.0.0.1:${port}; its data is in ${dataFolder}\n`),
    databaseStatus: (server) =>
      out.write(
        server === null
          ? "Postgres is not running\n"
          : `Postgres runs as process ${server.pid} on 127.0.0.1:${server.port}; ` +
            `its data is in ${server.dataFolder}\n`,
      ),
    databaseStopped: (outcome) => out.write(`${STOPPED[outcome]}\n`),
    databaseUrl: (url) => out.writeSecret(`${url}\n`),
    diagnostics: nothing,
    failed: nothing,
    end: nothing,
  };
}

const STOPPED = {
  stopped: "Postgres is stopped",
  not_running: "Postgres was not running",
  in_use: "Postgres is in use: it stops when the last command that uses it ends",
} as const;
