import { z } from "zod";
import { NOT_YET } from "./not_available.ts";
import { type PipelineInput, pipelineSchema } from "./schema/pipeline.ts";
import { OWN_META } from "./schema/key_meta.ts";

/** The JSON Schema that editors complete and check pipeline files with, `NOT_YET` keys left out. */
export function pipelineJsonSchema(notYet = NOT_YET): Record<string, unknown> {
  const known = notYet.filter((key) => Object.hasOwn(pipelineSchema.shape, key));
  const mask: Partial<Record<keyof PipelineInput, true>> = Object.fromEntries(
    known.map((key) => [key, true]),
  );
  const schema = z.toJSONSchema(pipelineSchema.omit(mask as { readonly checks: true }), {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => {
      // The text is taken as it is written: YAML's own reading of `2021` does not matter.
      if (jsonSchema.text === true && jsonSchema.type === "string") {
        (jsonSchema as { type?: unknown }).type = ["string", "number", "boolean"];
      }
      if (jsonSchema.offers !== undefined) jsonSchema.examples = jsonSchema.offers as unknown[];
      for (const name of OWN_META) delete jsonSchema[name];
    },
  });
  return { title: "Sluice pipeline", ...schema };
}

/** The text of `schemas/pipeline.schema.json`. */
export function pipelineJsonSchemaText(): string {
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}
