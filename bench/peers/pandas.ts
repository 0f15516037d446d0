import { type Peer, type PeerJob, typesOf } from "../peer.ts";

const WORDS = {
  smallint: "pa.int16()",
  timestamp: "pa.timestamp('us')",
  "double precision": "pa.float64()",
  // Its reader knows true and false only.
  boolean: "pa.string()",
};

function typed({ columns, csv, schema, table }: PeerJob): string {
  const words = typesOf(columns, WORDS);
  const types = columns.flatMap(({ header, type }, at) =>
    type === "timestamp" ? [] : [`  ${JSON.stringify(header)}: pd.ArrowDtype(${words[at]}),\n`]
  );
  const headersOf = (which: string) =>
    JSON.stringify(columns.filter(({ type }) => type === which).map(({ header }) => header));
  return `import os
import pandas as pd
import pyarrow as pa
from adbc_driver_postgresql import dbapi
frame = pd.read_csv(
  ${JSON.stringify(csv)}, engine="pyarrow", dtype_backend="pyarrow",
  parse_dates=${headersOf("timestamp")}, dtype={
${types.join("")}  })
for name in ${headersOf("boolean")}:
  frame[name] = frame[name] == "Y"
frame.columns = ${JSON.stringify(columns.map(({ name }) => name))}
with dbapi.connect(os.environ["DATABASE_URL"]) as connection:
  frame.to_sql("${table}", connection, schema="${schema}", if_exists="append", index=False)
`;
}

export default {
  name: "pandas",
  note: "types only; whole file in memory",
  install: {
    pip: [
      "pandas==3.1.1",
      "sqlalchemy==2.1.9",
      "psycopg[binary]==3.3.9",
      "pyarrow==26.0.1",
      "adbc-driver-postgresql==1.13.0",
    ],
  },
  version: ({ bin }) => ({
    program: bin("python3"),
    args: ["-c", "import pandas, sqlalchemy, adbc_driver_postgresql; print(pandas.__version__)"],
  }),
  ways: [
    {
      setting: "default",
      how: "read_csv(), to_sql() by SQLAlchemy",
      target: "own",
      command: ({ csv, url, schema, table }, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        env: { DATABASE_URL: url.replace(/^postgres(ql)?:/, "postgresql+psycopg:") },
        files: {
          "load.py": `import os
import pandas as pd
from sqlalchemy import create_engine
engine = create_engine(os.environ["DATABASE_URL"])
frame = pd.read_csv(${JSON.stringify(csv)})
frame.to_sql("${table}", engine, schema="${schema}", index=False)
`,
        },
      }),
    },
    {
      setting: "best",
      how: "Arrow types given, engine='pyarrow', to_sql() by ADBC into the ready table",
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
