import type { Peer, PeerJob } from "../peer.ts";

const ARGS = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"];

function copy({ schema, table, csv }: PeerJob, options: string): string {
  const file = csv.replaceAll("'", "''");
  return `\\copy ${schema}.${table} from '${file}' with (format csv, header true${options})`;
}

export default {
  name: "psql \\copy",
  note: "types only; one transaction",
  install: { apt: "postgresql-client" },
  version: () => ({ program: "psql", args: ["--version"] }),
  ways: [
    {
      setting: "default",
      how: "into the ready table",
      target: "ready",
      command: (job) => ({ program: "psql", args: [...ARGS, "--command", copy(job, "")] }),
    },
    {
      setting: "best",
      how: "TRUNCATE and COPY … FREEZE in one transaction: no WAL of the rows",
      target: "ready",
      command: (job) => ({
        program: "psql",
        args: [
          ...ARGS,
          "--single-transaction",
          ...["--command", `truncate ${job.schema}.${job.table}`],
          ...["--command", copy(job, ", freeze true")],
        ],
      }),
    },
  ],
} satisfies Peer;
