import { hookFault } from "../../core/hook_sql.ts";
import { HOOKS } from "../../core/hooks.ts";
import type { Check } from "./check.ts";

/** Each statement of a hook is one that a hook can run. */
export const hookSql: Check = ({ hooks = {} }, report, input) => {
  for (const hook of HOOKS) {
    const isList = Array.isArray(input.hooks?.[hook]);
    (hooks[hook] ?? []).forEach(({ sql }, at) => {
      const fault = hookFault(sql);
      if (fault === null) return;
      const path = ["hooks", hook, ...(isList ? [at] : [])];
      const message = `Hook "${hook}" cannot run: ${fault.message}`;
      if (fault.part === null) report.value(path, "spec/bad_sql", message, fault.hint);
      else report.part(path, fault.part, "spec/bad_sql", message, fault.hint);
    });
  }
};
