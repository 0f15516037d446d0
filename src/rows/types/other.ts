import type { TypeEncoder } from "./encoder.ts";
import { text } from "./texts.ts";

/** A type that Postgres reads: its text, which waits for that in a table of texts. */
export const other: TypeEncoder = { name: "other", compile: text.compile };
