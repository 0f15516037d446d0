import { NOT_YET } from "./not_available.ts";
import { typePattern } from "./schema/editor_hints.ts";
import { type PipelineInput, pipelineSchema, TOGETHER } from "./schema/pipeline.ts";
import { OWN_META } from "./schema/key_meta.ts";
import { z } from "./zod.ts";

type Schema = Record<string, unknown>;

/** The JSON Schema that editors complete and check pipeline files with, `NOT_YET` keys left out. */
export function pipelineJsonSchema(notYet = NOT_YET): Record<string, unknown> {
  const known = notYet.filter((key) => Object.hasOwn(pipelineSchema.shape, key));
  const mask: Partial<Record<keyof PipelineInput, true>> = Object.fromEntries(
    known.map((key) => [key, true]),
  );
  const schema = z.toJSONSchema(pipelineSchema.omit(mask as { readonly checks: true }), {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema, zodSchema }) => {
      // The text is taken as it is written: YAML's own reading of `2021` does not matter.
      if (jsonSchema.text === true && jsonSchema.type === "string") {
        (jsonSchema as { type?: unknown }).type = ["string", "number", "boolean"];
      }
      Object.assign(jsonSchema, jsonSchema.editor);
      for (const name of OWN_META) delete jsonSchema[name];
      if (zodSchema instanceof z.ZodObject) forbidUnsuitable(jsonSchema, zodSchema);
    },
  });
  allowFormatVariable(schema as unknown as FormatHolder);
  return { title: "Sluice pipeline", ...schema, allOf: TOGETHER };
}

interface FormatHolder {
  readonly properties: {
    readonly source: { readonly properties: { readonly format: { readonly anyOf: Schema[] } } };
  };
}

/** `format: "{format}"` is filled in before anything looks at the file. */
function allowFormatVariable({ properties: { source } }: FormatHolder): void {
  const pattern = String.raw`^\{[A-Za-z_]\w*\}$`;
  source.properties.format.anyOf.push({ type: "string", pattern, errorMessage: "Not a format" });
}

/** Keys that only columns of some types can have are marked in those of others. */
function forbidUnsuitable(jsonSchema: Schema, { shape }: z.ZodObject): void {
  const keys = Object.entries(shape).flatMap(([key, schema]) => {
    const types = (schema as z.ZodType).meta()?.types as RegExp | undefined;
    return types === undefined ? [] : [{ key, types }];
  });
  if (keys.length === 0 || !Object.hasOwn(shape, "type")) return;
  const families = Map.groupBy(keys, ({ types }) => types.source);
  jsonSchema.allOf = [...families.values()].map((family) => {
    const [{ types }] = family;
    // A type that is none is marked itself, and not what stands beside it.
    const pattern = typePattern((name) => !types.test(name));
    return {
      if: { required: ["type"], properties: { type: { type: "string", pattern } } },
      then: {
        properties: Object.fromEntries(family.map(({ key }) => [key, false])),
        errorMessage: "Columns of this type do not have this key",
      },
    };
  });
}

/** The text of `schemas/pipeline.schema.json`. */
export function pipelineJsonSchemaText(): string {
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}
