import { type Peer, type PeerJob, type PeerTools, typesOf } from "../peer.ts";

const WORDS = {
  smallint: "integer",
  timestamp: "datetime",
  "double precision": "decimal",
  // It casts what it reads as text: Y and N are none of its words.
  boolean: "string",
};

/** The package has the program, and not the command: that one fetches another on its first start. */
const START =
  "import os, sys, sling_linux_amd64 as s; os.execv(s.SLING_BIN, ['sling', *sys.argv[1:]])";

function run({ url, scratch }: PeerJob, { bin }: PeerTools, args: readonly string[]) {
  return {
    program: bin("python3"),
    args: ["-c", START, "run", ...args],
    env: {
      TARGET: `${url}?sslmode=disable`,
      SLING_HOME_DIR: `${scratch}/sling`,
      SLING_TEMP_DIR: `${scratch}/temp`,
      SLING_DISABLE_TELEMETRY: "true",
    },
  };
}

/** On the command line, types lose the order of the columns. */
function replication({ csv, columns, schema, table }: PeerJob) {
  const words = typesOf(columns, WORDS);
  return {
    source: "LOCAL",
    target: "TARGET",
    streams: {
      [`file://${csv}`]: {
        mode: "full-refresh",
        object: `${schema}.${table}`,
        columns: Object.fromEntries(columns.map(({ header }, at) => [header, words[at]])),
        source_options: { empty_as_null: true, header: true, delimiter: "," },
        target_options: { use_bulk: true },
      },
    },
  };
}

export default {
  name: "Sling",
  note: "first into a table of its own, then INSERT … SELECT",
  install: { pip: ["sling-linux-amd64==1.4.11"] },
  version: ({ bin }) => ({ program: bin("python3"), args: ["-c", START, "--version"] }),
  ways: [
    {
      setting: "default",
      // Else what is missing arrives as an empty text.
      how: "sling run, empty fields as NULL",
      target: "own",
      command: (job, tools) =>
        run(job, tools, [
          ...["--src-stream", `file://${job.csv}`, "--src-options", '{"empty_as_null": true}'],
          ...["--tgt-conn", "TARGET", "--tgt-object", `${job.schema}.${job.table}`],
        ]),
    },
    {
      setting: "best",
      how: "replication file with types and delimiter; COPY",
      target: "own",
      command: (job, tools) => ({
        ...run(job, tools, ["--replication", "trips.json"]),
        files: { "trips.json": JSON.stringify(replication(job)) },
      }),
    },
  ],
} satisfies Peer;
