import { connect } from "../../src/db/connection/connect.ts";

// A tool for the tests of the harness: runs the statement that it is given.
const [url, sql, last] = Deno.args;
await using db = await connect({ url, maxConnections: 1 });
await db.query(sql);
if (last !== undefined) {
  console.error(last);
  Deno.exitCode = 3;
}
