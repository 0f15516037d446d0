import { bindHook } from "../core/hook_sql.ts";
import { HOOKS } from "../core/hooks.ts";
import { quoteLiteral } from "../core/quote.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { HooksPlan, Probe } from "./load_plan.ts";

/** The hooks of a pipeline, the same for each of its partitions. */
export function hooksPlan({ hooks = {} }: PipelineSpec): HooksPlan {
  return Object.fromEntries(
    HOOKS.filter((hook) => (hooks[hook]?.length ?? 0) > 0).map((hook) => [
      hook,
      hooks[hook]!.map(({ sql, line }) => ({ ...bindHook(sql), line })),
    ]),
  );
}

/**
 * Statements that fail where Postgres cannot read a hook, whatever it names: PL/pgSQL reads a block
 * before it runs it, and this one ends before the hook.
 */
export function hookProbes(spec: PipelineSpec): readonly Probe[] {
  return Object.entries(hooksPlan(spec)).flatMap(([hook, statements]) =>
    statements.filter(({ sql }) => isReadable(sql)).map(({ sql, line }) => ({
      what: `hook "${hook}"`,
      line,
      sql: `do ${quoteLiteral(`begin return; ${sql}\n; end`)}`,
      params: [],
    }))
  );
}

/** INTO makes a table of a query in SQL, and names a variable in PL/pgSQL, which knows no bracket. */
function isReadable(sql: string): boolean {
  const others = sql.replace(/\b(insert|merge)\s+into\b/gi, "");
  return !/\binto\b/i.test(others) && /^\s*[a-z]/i.test(sql);
}
