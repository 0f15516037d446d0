import { connect } from "../../src/db/connection/connect.ts";
import { fastClock } from "./fast_clock.ts";
import { served, succeeded, testScheduler } from "./scheduler_harness.ts";
import { at, schedule } from "./support.ts";

/**
 * A server of its own process, for tests with several: three pipelines that are due each minute of a
 * fast clock, and whose runs write down when they began and ended.
 *
 *     server_demo.ts URL OWNER BEGAN SPEED
 */
const [url, owner, began, speed] = Deno.args;
const clock = fastClock(at("2026-03-07T12:00"), Number(began), Number(speed));
const work = await connect({ url });
await using server = testScheduler(url, {
  clock,
  owner,
  random: Math.random,
  async run(spec, _request, signal, onStart) {
    const runId = crypto.randomUUID();
    const { pipeline } = spec;
    await work.query(`insert into public.ran (id, pipeline, owner) values ($1, $2, $3)`, [
      runId,
      pipeline,
      owner,
    ]);
    onStart(runId);
    await clock.sleep(Math.random() * 20_000, signal);
    await work.query(`update public.ran set ended_at = clock_timestamp() where id = $1`, [runId]);
    return succeeded(pipeline, runId);
  },
});
server.scheduler.start();
server.scheduler.serve(["a", "b", "c"].map((name) => served(name, schedule("* * * * *"))));
await new Promise<void>((resolve) => Deno.addSignalListener("SIGTERM", resolve));
await server.scheduler.stop(60);
Deno.exit(0);
