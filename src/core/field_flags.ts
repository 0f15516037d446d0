/** The field stood in quotes: never NULL by `null_values`. */
export const QUOTED = 1;

/** The field holds escaped characters: the batch's `unescape` decodes them. */
export const ESCAPED = 2;

/** The field has no text: it is NULL. */
export const NULL = 4;

/** The record does not have the field, which is NULL then; only where keys name fields. */
export const MISSING = 8;

/** A JSON string: its quotes stand around it, and a JSON column takes it with them. */
export const STRING = 16;

/**
 * The field is not of UTF-8: the batch's `decode` reads it. It is {@link ESCAPED} as well, so that
 * nobody takes its bytes as they are.
 */
export const CODED = 32;

/** A field that is {@link CODED}, and has no escapes. */
export const BARE = 64;

/** The field is an object or a list, written as JSON; not where a text happens to look like one. */
export const NESTED = 128;
