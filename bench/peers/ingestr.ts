import { type Peer, type PeerJob, type PeerTools, typesOf } from "../peer.ts";

const WORDS = {
  smallint: "smallint",
  timestamp: "timestamp",
  "double precision": "double",
  boolean: "boolean",
};

function command(job: PeerJob, { bin }: PeerTools, args: readonly string[]) {
  return {
    program: bin("ingestr"),
    args: [
      ...["ingest", "--yes", "--progress", "log"],
      ...["--source-uri", `csv://${job.csv}`, "--source-table", job.table],
      ...["--dest-uri", `${job.url}?sslmode=disable`, "--dest-table", `${job.schema}.${job.table}`],
      ...args,
    ],
    env: { DISABLE_TELEMETRY: "true", INGESTR_DISABLE_TELEMETRY: "true", HOME: job.scratch },
  };
}

export default {
  name: "ingestr",
  note: "adds a column of its own",
  install: { pip: ["ingestr==1.0.78"] },
  version: ({ bin }) => ({ program: bin("ingestr"), args: ["--version"] }),
  ways: [
    {
      setting: "default",
      how: "ingestr ingest",
      target: "own",
      command: (job, tools) => command(job, tools, []),
    },
    {
      setting: "best",
      how: "types given, no inference, no column of its own",
      target: "own",
      command: (job, tools) => {
        const words = typesOf(job.columns, WORDS);
        const columns = job.columns.map(({ header }, at) => `${header}:${words[at]}`);
        const given = ["--columns", columns.join(","), "--no-inference", "--no-load-timestamp"];
        return command(job, tools, given);
      },
    },
  ],
} satisfies Peer;
