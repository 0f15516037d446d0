import type { LoadPlan } from "./plan/load_plan.ts";
import type { ExchangeContext } from "./publish/exchange.ts";
import type { RunContext } from "./run_context.ts";

/** What an exchange of a run needs; its attempts are told as those of `partition`. */
export function publishContext(
  plan: LoadPlan,
  partition: string | null,
  context: RunContext,
): Omit<ExchangeContext, "committed"> {
  return {
    ...context,
    target: plan.target,
    onRetry: (attempt, attempts, delaySeconds, error) =>
      context.emit({
        type: "retry",
        partition,
        stage: "publish",
        attempt,
        attempts,
        delaySeconds,
        error: error.toJSON(),
      }),
  };
}
