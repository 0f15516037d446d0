import { NOT_YET } from "./not_available.ts";
import { formatKeys } from "./formats/mod.ts";
import { CHECKS, checkSchema } from "./schema/checks/mod.ts";
import { columnSchema } from "./schema/columns.ts";
import { pipelineSchema } from "./schema/pipeline.ts";
import { expectSchema, notifySchema } from "./schema/notify.ts";
import { partitionsSchema } from "./schema/partitions.ts";
import { ruleSchema } from "./schema/rules.ts";
import { scheduleSchema } from "./schema/schedule.ts";
import { sourceSchema } from "./schema/source.ts";
import { targetSchema } from "./schema/target.ts";
import type { Path } from "./yaml_tree.ts";

/**
 * The keys that the section at a path takes; none where the user chooses them.
 *
 * @param type what the section itself says it is, where its keys depend on that
 */
export function keysAt(path: Path, type?: unknown): string[] {
  const [section, , kind] = path;
  if (section === "checks" && path.length === 3 && Object.hasOwn(CHECKS, String(kind))) {
    return Object.keys(CHECKS[kind as keyof typeof CHECKS].options.shape);
  }
  if (path.join("/") === "source/format") return formatKeys(type);
  const shapes: readonly (readonly [RegExp, Readonly<Record<string, unknown>>])[] = [
    [/^$/, pipelineSchema.shape],
    [/^partitions$/, partitionsSchema.shape],
    [/^source$/, sourceSchema.shape],
    [/^target$/, targetSchema.shape],
    [/^target\/indexes\/\d+$/, { columns: 0, method: 0 }],
    [/^columns\/[^/]*$/, columnSchema.shape],
    [/^environments\/[^/]*$/, { vars: 0 }],
    [/^refresh$/, { mode: 0, hard_deletes: 0, allow_empty: 0 }],
    [/^rules\/[^/]*$/, ruleSchema.shape],
    [/^rejects$/, { limit: 0, keep_days: 0 }],
    [/^checks\/\d+$/, checkSchema.shape],
    [/^schedule$/, scheduleSchema.shape],
    [/^expect$/, expectSchema.shape],
    [/^notify\/\d+$/, notifySchema.shape],
    [/^schema_contract$/, { new_columns: 0, missing_columns: 0, type_changes: 0 }],
  ];
  const name = path.map((step) => String(step).replaceAll("/", "_")).join("/");
  const keys = Object.keys(shapes.find(([pattern]) => pattern.test(name))?.[1] ?? {});
  return path.length === 0 ? keys.filter((key) => !NOT_YET.includes(key)) : keys;
}
