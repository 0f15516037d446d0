import type { RefreshMode } from "../../spec/pipeline_spec.ts";
import { full } from "./full.ts";
import type { Mode } from "./mode.ts";
import { partition } from "./partition.ts";

/** Every refresh mode. */
export const MODES: Readonly<Record<RefreshMode, Mode>> = { full, partition };
