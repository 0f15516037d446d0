import { expect } from "packages/expect.ts";
import { serveHttp } from "../support/http_server.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

Deno.test({
  name: "append loads a file once, even from a server that proves nothing about it",
  async fn() {
    await using test = await ledgerDatabase();
    using files = workspace();
    const body = new TextEncoder().encode("id\n1\n2\n");
    await using server = serveHttp(() => ({ body }));
    const spec = specOf(
      `
pipeline: things
source: { url: "${server.origin}/things.csv" }
target: { table: shop.things }
refresh: { mode: append }
columns: { id: integer }
`,
      files.folder,
    );
    await run(test.db, spec);
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
    expect(await test.db.query("select id from shop.things order by 1")).toEqual([
      { id: 1 },
      { id: 2 },
    ]);
  },
});
