// A run that goes on until it is stopped: cleanly; with "stuck" never by itself; with "crash" by a
// failure that nobody catches.
import { main } from "../../src/main.ts";
import { fakeServices, partitionResult, runResult } from "./support.ts";

const stuck = Deno.args.includes("stuck");
const code = await main({
  ...fakeServices(),
  async runPipeline(_spec, _options, { signal, emit, secrets }) {
    emit({ type: "run_started", runId: "r", pipeline: "trips", target: "t", partitions: 1 });
    if (Deno.args.includes("crash")) {
      const secret = secrets.reveal("${TOKEN}");
      setTimeout(() => Promise.reject(new Error(`nobody caught ${secret}`)), 10);
    }
    const timer = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => stuck || resolve(), { once: true })
    );
    clearInterval(timer);
    return runResult([partitionResult({ status: "skipped" })], { status: "interrupted" });
  },
});
Deno.exit(code);
