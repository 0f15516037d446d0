import type { RejectLimit } from "../pipeline_spec.ts";
import { looseText } from "./text.ts";

/** Rows, or a percentage of those read. */
export const limitSchema = looseText().regex(
  /^(\d{1,15}|(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%)$/,
  'Expected rows such as "10", or a percentage such as "1%"',
);

/** The limit that a text of {@link limitSchema} stands for. */
export function rejectLimit(text: string): RejectLimit {
  return text.endsWith("%")
    ? { kind: "percent", percent: Number(text.slice(0, -1)) }
    : { kind: "rows", rows: Number(text) };
}
