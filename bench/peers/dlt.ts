import { type Peer, type PeerJob, typesOf } from "../peer.ts";

const WORDS = {
  smallint: "pa.int16()",
  timestamp: "pa.timestamp('us')",
  "double precision": "pa.float64()",
  boolean: "pa.bool_()",
};

/** Nothing of a pipeline before is left, and nobody is told of the run. */
function env({ url, scratch }: PeerJob): Record<string, string> {
  return {
    DESTINATION__POSTGRES__CREDENTIALS: url,
    DLT_DATA_DIR: `${scratch}/dlt`,
    RUNTIME__DLTHUB_TELEMETRY: "false",
  };
}

function byDefault({ csv, schema, table }: PeerJob): string {
  return `import pathlib
import dlt
from dlt.sources.filesystem import filesystem, read_csv
file = pathlib.Path(${JSON.stringify(csv)})
trips = filesystem(bucket_url=file.parent.as_uri(), file_glob=file.name) | read_csv()
pipeline = dlt.pipeline("trips", destination="postgres", dataset_name="${schema}")
pipeline.run(trips.with_name("${table}"))
`;
}

function byArrow({ columns, csv, schema, table }: PeerJob): string {
  const words = typesOf(columns, WORDS);
  const types = columns.map(({ name }, at) => `    ${JSON.stringify(name)}: ${words[at]},\n`);
  return `import dlt
import pyarrow as pa
from pyarrow import csv
@dlt.resource(name="${table}", columns={
  name: {"timezone": False}
  for name in ${
    JSON.stringify(columns.filter(({ type }) => type === "timestamp").map(({ name }) => name))
  }
})
def trips():
  types = {
${types.join("")}  }
  with csv.open_csv(
    ${JSON.stringify(csv)},
    csv.ReadOptions(column_names=list(types), skip_rows=1, block_size=16 << 20),
    convert_options=csv.ConvertOptions(
      column_types=types, true_values=["Y"], false_values=["N"], strings_can_be_null=True)
  ) as batches:
    for batch in batches:
      yield pa.Table.from_batches([batch])
pipeline = dlt.pipeline("trips", destination="postgres", dataset_name="${schema}")
pipeline.run(trips, loader_file_format="parquet")
`;
}

export default {
  name: "dlt",
  note: "adds tables and columns of its own",
  install: {
    pip: [
      "dlt[postgres,filesystem]==1.31.0",
      "pandas==3.1.1",
      "pyarrow==26.0.1",
      "adbc-driver-postgresql==1.13.0",
    ],
  },
  version: ({ bin }) => ({
    program: bin("python3"),
    args: ["-c", "import dlt, pandas, adbc_driver_postgresql; print(dlt.__version__)"],
  }),
  ways: [
    {
      setting: "default",
      how: "filesystem() into read_csv(), INSERT … VALUES",
      target: "own",
      command: (job, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        env: env(job),
        files: { "load.py": byDefault(job) },
      }),
    },
    {
      setting: "best",
      how: "Arrow tables of given types, Parquet, ADBC; two workers a step",
      target: "own",
      command: (job, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        env: { ...env(job), NORMALIZE__WORKERS: "2", LOAD__WORKERS: "2" },
        files: { "load.py": byArrow(job) },
      }),
    },
  ],
} satisfies Peer;
