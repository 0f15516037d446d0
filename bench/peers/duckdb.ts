import { type Peer, type PeerJob, typesOf } from "../peer.ts";

/** The extension for Postgres comes from the same package index; DuckDB's own needs its own site. */
const CONNECT = `import pathlib, sys
import duckdb, duckdb_extension_postgres_scanner as scanner
extension, = pathlib.Path(scanner.__file__).parent.glob("extensions/*/postgres_scanner.duckdb_extension")
db = duckdb.connect()
db.execute(f"load '{extension}'")
db.execute("attach '' as pg (type postgres)")
`;

const WORDS = {
  smallint: "SMALLINT",
  timestamp: "TIMESTAMP",
  "double precision": "DOUBLE",
  boolean: "BOOLEAN",
};

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function typed({ csv, columns }: PeerJob): string {
  const words = typesOf(columns, WORDS);
  const types = columns.map(({ name }, at) => `${quote(name)}: ${quote(words[at])}`);
  return `read_csv(${quote(csv)}, header = true, auto_detect = false, columns = {${
    types.join(", ")
  }})`;
}

export default {
  name: "DuckDB",
  note: "types only; no statistics; one transaction",
  install: { pip: ["duckdb==1.5.5", "duckdb-extension-postgres-scanner==1.5.5"] },
  version: ({ bin }) => ({
    program: bin("python3"),
    args: ["-c", `${CONNECT.split("\n").slice(0, 2).join("\n")}\nprint(duckdb.__version__)`],
  }),
  ways: [
    {
      setting: "default",
      how: "CREATE TABLE … AS FROM read_csv() in the attached Postgres",
      target: "own",
      command: (job, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        files: {
          "load.py": `${CONNECT}db.execute("""create table pg.${job.schema}.${job.table} as
  from read_csv(${quote(job.csv)})""")
`,
        },
      }),
    },
    {
      setting: "best",
      how: "types given, INSERT into the ready table, order of rows not kept",
      target: "ready",
      command: (job, { bin }) => ({
        program: bin("python3"),
        args: ["load.py"],
        files: {
          "load.py": `${CONNECT}db.execute("set preserve_insertion_order = false")
db.execute("""insert into pg.${job.schema}.${job.table}
  from ${typed(job)}""")
`,
        },
      }),
    },
  ],
} satisfies Peer;
