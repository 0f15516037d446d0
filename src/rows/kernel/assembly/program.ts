/** The places and numbers of a column program, which rows/kernel/program.ts writes. */

// Flags of a field, as core/field_flags.ts has them.
export const QUOTED: u32 = 1;
export const ESCAPED: u32 = 2;
export const NULL: u32 = 4;
export const STRING: u32 = 16;

// A column of the program, as rows/kernel/program.ts writes it.
export const COLUMN_BYTES: usize = 64;
/** Its kind in the lowest byte, and its bits above. */
export const AT_HEAD: usize = 0;
/** Behind it, in the same eight bytes, is the field. */
export const BITS_SHIFT: u32 = 8;
export const AT_NULL: usize = 12;
export const AT_NULL_LENGTH: usize = 16;
export const AT_NULLS: usize = 20;
export const AT_NULL_COUNT: usize = 24;
export const AT_LIST: usize = 28;
export const AT_LIST_COUNT: usize = 32;
export const AT_LENGTH: usize = 36;
/** Of a truth: what each text of one byte is, 2 for none. */
export const AT_TRUTHS: usize = 36;
export const AT_LOW: usize = 40;
export const AT_HIGH: usize = 48;
export const AT_SCALE: usize = 56;

export const EMPTY_IS_NULL: u32 = 1;
export const EMPTY_AS_NULL: u32 = 2;
export const MAY_BE_NULL: u32 = 4;
export const TRIM: u32 = 8;
export const TRIM_QUOTED: u32 = 16;
export const HAS_NULLS: u32 = 32;
export const HAS_LIST: u32 = 64;
export const HAS_LIMITS: u32 = 128;
export const IS_JSON: u32 = 256;
export const HAS_TABLE: u32 = 512;
/** Of a numeric: every value of up to four digits before its point is allowed. */
export const ANY_VALUE: u32 = 1024;

export const SMALLINT = 1;
export const INTEGER = 2;
export const BIGINT = 3;
export const REAL = 4;
export const DOUBLE = 5;
export const NUMERIC = 6;
export const BOOLEAN = 7;
export const WORDS = 8;
export const TEXT = 9;
export const UUID = 10;
export const DATE = 11;
export const TIME = 12;
export const TIMESTAMP = 13;
export const TIMESTAMPTZ = 14;
export const DISCARD = 15;
export const JSON = 16;
export const JSONB = 17;
