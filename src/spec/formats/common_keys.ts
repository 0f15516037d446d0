import { encodingOf } from "../../core/encodings.ts";
import { ENCODING } from "../schema/editor_hints.ts";
import { looseText, NULL_WORDS } from "../schema/text.ts";
import { z } from "../zod.ts";

const EXPECTED = "Expected an encoding such as utf-8, windows-1252, latin-1, utf-16 or shift_jis";

/** Keys of every format. */
export const commonSchema = z.strictObject({
  trim: z.boolean().default(false).describe("Remove blanks around texts; in CSV unquoted ones"),
  encoding: z.string().refine((label) => encodingOf(label) !== null, EXPECTED)
    .default("utf-8").transform((label) => encodingOf(label) ?? label)
    .describe("The file's encoding, such as windows-1252, latin-1, utf-16, shift_jis")
    .meta({ words: ["charset", "codepage", "character_set"], editor: ENCODING }),
  max_record_bytes: z.int().min(1024).max(67_108_864).default(16_777_216)
    .describe("A longer record is a reject; bytes"),
});

/** Texts that are NULL, beside what the format itself has for it. */
export function nullValues(standIn: string[], text: string) {
  return z.array(looseText()).default(standIn).describe(text).meta({ words: NULL_WORDS });
}
