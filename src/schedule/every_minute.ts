import type { SchedulerHost } from "./scheduler_host.ts";

/**
 * `Deno.cron` as the caller of a scheduler, where the runtime has it (`--unstable-cron`).
 *
 * It is asked for each minute and for nothing else. It knows UTC only, has weekdays of its own
 * (1 is Sunday), takes 100 names at most, and lives in one process: what is due, in which
 * zone, and whether another server has taken it is for `decide` and the ledger to say.
 */
export function everyMinute(): SchedulerHost["everyMinute"] {
  const { cron } = Deno as { readonly cron?: typeof Deno.cron };
  if (typeof cron !== "function") return null;
  return (wake, signal) => {
    // It resolves when the signal aborts.
    void cron("sluice serve", "* * * * *", { signal }, wake);
  };
}
