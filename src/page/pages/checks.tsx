import { type Ask, requireLedger, type Shown, textOf } from "../ask.ts";
import { readChecks } from "../queries/checks.ts";
import { ChecksView } from "../views/checks.tsx";

/** `/pipeline/<name>/checks` */
export async function checksPage(ask: Ask, pipeline: string): Promise<Shown> {
  const name = textOf(ask.query, "check");
  const results = await requireLedger(ask, (tx) => readChecks(tx, pipeline, name));
  const view = <ChecksView data={{ pipeline, name, results }} now={ask.frame.now} />;
  return { title: `${pipeline}: checks`, view };
}
