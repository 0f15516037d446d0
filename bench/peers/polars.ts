import { type Peer, type PeerJob, typesOf } from "../peer.ts";

const WORDS = {
  smallint: "pl.Int16",
  timestamp: "pl.Datetime('us')",
  "double precision": "pl.Float64",
  // Its reader knows true and false only.
  boolean: "pl.String",
};

const HEAD = `import os
import polars as pl
uri = os.environ["DATABASE_URL"]
`;

function typed({ columns, csv, schema, table }: PeerJob): string {
  const words = typesOf(columns, WORDS);
  const types = columns.map(({ header }, at) => `  ${JSON.stringify(header)}: ${words[at]},\n`);
  const flags = columns.filter(({ type }) => type === "boolean").map(({ header }) => header);
  const names = Object.fromEntries(columns.map(({ header, name }) => [header, name]));
  return `${HEAD}frame = (
  pl.scan_csv(${JSON.stringify(csv)}, schema={
${types.join("")}  })
  .with_columns(pl.col(${JSON.stringify(flags)}) == "Y")
  .rename(${JSON.stringify(names)})
  .collect(engine="streaming")
)
frame.write_database("${schema}.${table}", uri, engine="adbc", if_table_exists="append")
`;
}

export default {
  name: "polars + ADBC",
  note: "types only; whole file in memory",
  install: { pip: ["polars==2.1.0", "adbc-driver-postgresql==1.13.0", "pyarrow==26.0.1"] },
  version: ({ bin }) => ({
    program: bin("python3"),
    args: ["-c", "import polars, adbc_driver_postgresql; print(polars.__version__)"],
  }),
  ways: [
    {
      setting: "default",
      how: "read_csv(), write_database(engine='adbc')",
      target: "own",
      command: ({ csv, url, schema, table }, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        env: { DATABASE_URL: url },
        files: {
          "load.py": `${HEAD}frame = pl.read_csv(${JSON.stringify(csv)}, try_parse_dates=True)
frame.write_database("${schema}.${table}", uri, engine="adbc")
`,
        },
      }),
    },
    {
      setting: "best",
      how: "types given, scan_csv(), streaming engine, append to the ready table",
      target: "ready",
      command: (job, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        env: { DATABASE_URL: job.url },
        files: { "load.py": typed(job) },
      }),
    },
  ],
} satisfies Peer;
