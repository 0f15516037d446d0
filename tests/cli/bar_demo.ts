// Shows the progress bar of a run of two partitions; started by bar_progress_test.ts in a terminal.
import { openOutput } from "../../src/cli/output.ts";
import { barProgress } from "../../src/cli/views/bar_progress.ts";
import { screenFor } from "../../src/cli/views/screen.ts";
import { systemClock } from "../../src/core/clock.ts";
import { EVENTS } from "./support.ts";

const err = openOutput({
  write: (bytes) => Deno.stderr.write(bytes),
  isTerminal: Deno.stderr.isTerminal(),
  columns: () => Deno.consoleSize().columns,
  redact: (text) => text,
  variables: { NO_COLOR: "1" },
});
const progress = barProgress(err, screenFor(err, Deno.cwd()), systemClock);
const pause = Number(Deno.args[0]);
for (const event of EVENTS) {
  progress.emit(event);
  await systemClock.sleep(pause);
  if (event.type === "retry") progress.line(`a long line ${"x".repeat(120)} ends\n`);
}
progress.line("after the bar\n");
await err.flush();
