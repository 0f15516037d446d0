import type { Check } from "./check.ts";
import { columnReferences, nameClashes, sharedFields } from "./column_names.ts";
import { csvCharacters } from "./csv.ts";
import { nameLengths } from "./name_lengths.ts";
import { contradictions, partitionColumn, partitionRange, placeholders } from "./partitions.ts";
import { columnOptions } from "./column_options.ts";
import { columnRules } from "./column_rules.ts";

/** Everything that is checked once the schema holds. */
export const COHERENCE: readonly Check[] = [
  columnReferences,
  sharedFields,
  nameClashes,
  nameLengths,
  partitionRange,
  placeholders,
  contradictions,
  partitionColumn,
  csvCharacters,
  columnRules,
  columnOptions,
];
