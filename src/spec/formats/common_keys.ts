import { z } from "zod";
import { looseText, NULL_WORDS } from "../schema/text.ts";

/** Keys of every format. */
export const commonSchema = z.strictObject({
  trim: z.boolean().default(false).describe("Remove blanks around texts; in CSV unquoted ones"),
  encoding: z.enum(["utf-8", "UTF-8", "utf8"]).default("utf-8").transform((): "utf-8" => "utf-8")
    .describe("The file's encoding")
    .meta({
      later: /^(windows-12\d\d|iso-8859-\d+|latin-?1|utf-?16(le|be)?|cp\d+|ascii)$/i,
    }),
  max_record_bytes: z.int().min(1024).max(67_108_864).default(16_777_216)
    .describe("A longer record is a reject; bytes"),
});

/** Texts that are NULL, beside what the format itself has for it. */
export function nullValues(standIn: string[], text: string) {
  return z.array(looseText()).default(standIn).describe(text).meta({ words: NULL_WORDS });
}
