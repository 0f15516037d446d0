import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { answerFile, serveHttp } from "../support/http_server.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const ROWS = 60_000;
const BODY = new TextEncoder().encode(
  "id,name\n" +
    Array.from({ length: ROWS }, (_, n) => n === 5 ? "x,bad\n" : `${n},name of row ${n}\n`).join(
      "",
    ),
);
const FILE = {
  body: BODY,
  etag: '"v1"',
  lastModified: "Fri, 01 Jan 2021 00:00:00 GMT",
};

const yaml = (url: string) => `
pipeline: things
source: { url: "${url}", retries: 2 }
target: { table: shop.things }
columns: { id: integer, name: text }
rejects: { limit: 1 }
`;

for (const resumes of [true, false]) {
  const how = resumes ? "goes on where it stopped" : "starts over with staging emptied";
  Deno.test(`a download that breaks half way ${how}`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace();
    let gets = 0;
    await using server = serveHttp((request) => {
      const answer = resumes
        ? answerFile(request, FILE)
        : { ...answerFile({ ...request, headers: {} }, FILE) };
      if (request.method !== "GET") return answer;
      gets++;
      return gets === 1 ? { ...answer, cutAfter: BODY.length / 2 | 0 } : answer;
    });
    const { context, events } = testContext(test.db);
    const clock = { ...context.clock, sleep: () => Promise.resolve() };
    const spec = specOf(yaml(`${server.origin}/things.csv`), files.folder);
    const result = await runPipeline(spec, ALL, { ...context, clock });
    expect(result).toMatchObject({
      status: "succeeded",
      rows_read: ROWS,
      rows_loaded: ROWS - 1,
      rows_rejected: 1,
    });
    const [table] = await test.db.query(
      "select count(*)::int as rows, count(distinct id)::int as ids from shop.things",
    );
    expect(table).toEqual({ rows: ROWS - 1, ids: ROWS - 1 });
    // The reject of the attempt that was given up is not there twice.
    expect((await readRejects(test.db, spec, { limit: 10 })).total).toBe(1);
    const retried = events.filter(({ type }) => type === "retry");
    expect(retried.length).toBeGreaterThan(0);
    const ranged = server.requests.filter(({ headers }) => headers.range !== undefined);
    expect(ranged.length).toBeGreaterThan(0);
  });
}
