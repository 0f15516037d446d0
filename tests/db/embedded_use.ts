import { connect } from "../../src/db/connection/connect.ts";
import { startEmbedded } from "../../src/db/embedded/mod.ts";

/** Another process that uses the server of a folder: says what it got, and ends on a line of input. */
await using server = await startEmbedded({ folder: Deno.args[0] });
{
  await using db = await connect({ url: server.url });
  await db.query("select 1");
}
console.log(JSON.stringify({ pid: server.pid, owned: server.owned, port: server.port }));
await Deno.stdin.read(new Uint8Array(1));
