import type { Problem } from "../types/encoder.ts";

/** `required`: NULL is a reject, after the default had its chance. */
export const REQUIRED: Problem = { code: "required", expected: "allowed: the column is required" };
