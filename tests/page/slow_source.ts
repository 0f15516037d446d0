import { serveHttp, type TestServer } from "../support/http_server.ts";
import { until } from "../support/until.ts";

/** Rows of the slow file, and bytes of it that are sent at first: some MB of rows are copied by then. */
const ROWS = 1_500_000;
const FIRST = 8_000_000;

/** A server whose `/a.csv` stalls in its middle until it is let go; `/first.csv` has two rows, and a wrong one. */
export interface SlowSource extends AsyncDisposable, Pick<TestServer, "origin"> {
  readonly rows: number;
  /** Has the rest sent. */
  letGo(): void;
}

export function slowSource(): SlowSource {
  const body = new TextEncoder().encode(
    "id\n" + Array.from({ length: ROWS }, (_, n) => `${n}\n`).join(""),
  );
  const { promise: goOn, resolve: letGo } = Promise.withResolvers<void>();
  const server = serveHttp(({ path, method }) => {
    if (path === "/first.csv") return { body: new TextEncoder().encode("id\n1\n2\nx\n") };
    if (method === "HEAD") return { headers: { "content-length": String(body.length) } };
    return { body, stallAfter: FIRST, goOn };
  });
  return {
    origin: server.origin,
    rows: ROWS,
    letGo,
    async [Symbol.asyncDispose]() {
      letGo();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Two partitions from the source, `first` and `a`, of the table `shop.slow`. */
export function slowPipeline({ origin }: SlowSource): string {
  return `pipeline: slow
partitions: { by: list, values: [first, a] }
source: { url: "${origin}/{partition}.csv", format: csv, retries: 0, timeout: 5m }
target: { table: shop.slow }
columns: { id: { type: integer } }
rejects: { limit: 50% }
`;
}

/** The address of the one run, when it has begun. */
export async function runOf(db: { query<T>(sql: string): Promise<T[]> }): Promise<string> {
  let runs: { id: string }[] = [];
  await until("a run has begun", async () => {
    const [{ there }] = await db.query<{ there: boolean }>(
      "select to_regclass('sluice.runs') is not null as there",
    );
    runs = there ? await db.query("select id from sluice.runs") : [];
    return runs.length > 0;
  });
  return `/run/${runs[0].id}`;
}
