import type { RejectLimit } from "../reject_limit.ts";
import { looseText } from "./text.ts";

/** Rows, or a percentage of those read: `10`, `1%`. */
export const limitSchema = looseText().regex(
  /^(\d{1,15}|(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%)$/,
  'Expected rows such as "10", or a percentage such as "1%"',
).transform((text): RejectLimit =>
  text.endsWith("%")
    ? { kind: "percent", percent: Number(text.slice(0, -1)) }
    : { kind: "rows", rows: Number(text) }
);
