import type { KeyMeta } from "./key_meta.ts";
import { z } from "../zod.ts";

/** What the schema of a key says, what stands around it (`.optional()`) before what is inside. */
export function metaOf(schema: z.ZodType): KeyMeta {
  let meta = METAS.get(schema);
  if (meta === undefined) {
    const inner = unwrapped(schema);
    meta = { ...inner === null ? {} : metaOf(inner), ...schema.meta() as KeyMeta | undefined };
    METAS.set(schema, meta);
  }
  return meta;
}

/** Each value of a long file asks again. */
const METAS = new WeakMap<z.ZodType, KeyMeta>();

/** What is inside of a schema that only adds to it; null where nothing is. */
export function unwrapped(schema: z.ZodType): z.ZodType | null {
  if (
    schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable || schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) return schema.unwrap() as z.ZodType;
  return schema instanceof z.ZodPipe ? schema.in as z.ZodType : null;
}
