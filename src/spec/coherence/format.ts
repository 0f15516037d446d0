import { checkFormat } from "../formats/mod.ts";
import type { Check } from "./check.ts";

/** What the format itself has to say about its options. */
export const formatOptions: Check = ({ source: { format } }, report, _input, readers) =>
  checkFormat(
    format,
    (key, code, message, hint) =>
      report.value(["source", "format", key], code, message, hint ?? null),
    readers,
  );
