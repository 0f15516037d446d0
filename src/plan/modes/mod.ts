import type { RefreshMode } from "../../spec/pipeline_spec.ts";
import { append } from "./append.ts";
import { full } from "./full.ts";
import { history } from "./history.ts";
import type { Mode } from "./mode.ts";
import { partition } from "./partition.ts";
import { upsert } from "./upsert.ts";

/** Every refresh mode. */
export const MODES: Readonly<Record<RefreshMode, Mode>> = {
  full,
  partition,
  append,
  upsert,
  history,
};
