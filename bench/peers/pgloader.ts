import type { Peer, PeerJob } from "../peer.ts";

function script(job: PeerJob, options: readonly string[]): string {
  const columns = job.columns.map(({ name }) => name).join(", ");
  return `LOAD CSV
  FROM '${job.csv}' (${columns})
  INTO ${job.url}
  TARGET TABLE ${job.schema}.${job.table} (${columns})
  WITH ${["skip header = 1", "fields terminated by ','", ...options].join(", ")};
`;
}

export default {
  name: "pgloader",
  note: "batches of rows; a bad row costs its batch a retry",
  install: { apt: "pgloader" },
  version: () => ({ program: "pgloader", args: ["--version"] }),
  ways: [
    {
      setting: "default",
      how: "LOAD CSV into the ready table",
      target: "ready",
      command: (job) => ({
        program: "pgloader",
        args: ["load.load"],
        files: { "load.load": script(job, []) },
      }),
    },
    {
      setting: "best",
      how: "two workers, larger batches, no escapes to look for",
      target: "ready",
      command: (job) => ({
        program: "pgloader",
        args: ["load.load"],
        files: {
          "load.load": script(job, [
            "fields not enclosed",
            "workers = 2",
            "concurrency = 1",
            "batch rows = 100000",
            "prefetch rows = 100000",
          ]),
        },
      }),
    },
  ],
} satisfies Peer;
