import type { Peer, PeerJob, PeerTools } from "../peer.ts";

function command(job: PeerJob, { bin }: PeerTools, args: readonly string[]) {
  return {
    program: bin("timescaledb-parallel-copy"),
    args: [
      ...["--connection", `host=${job.host} port=${job.port} user=${job.user} sslmode=disable`],
      ...["--db-name", job.database, "--schema", job.schema, "--table", job.table],
      ...["--file", job.csv, "--skip-header", ...args],
    ],
  };
}

export default {
  name: "timescaledb-parallel-copy",
  note: "types only; each batch its own transaction: not atomic",
  install: {
    go: "github.com/timescale/timescaledb-parallel-copy/cmd/timescaledb-parallel-copy@v0.13.0",
  },
  version: ({ bin }) => ({ program: bin("timescaledb-parallel-copy"), args: ["--version"] }),
  ways: [
    {
      setting: "default",
      how: "one worker, batches of 5,000 rows, into the ready table",
      target: "ready",
      command: (job, tools) => command(job, tools, []),
    },
    {
      setting: "best",
      how: "two workers, batches of 50,000 rows",
      target: "ready",
      command: (job, tools) => command(job, tools, ["--workers", "2", "--batch-size", "50000"]),
    },
  ],
} satisfies Peer;
