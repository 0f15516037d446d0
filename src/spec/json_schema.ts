import { z } from "zod";
import { pipelineSchema } from "./schema/pipeline.ts";
import { LOOSE } from "./schema/text.ts";

/** The JSON Schema that editors complete and check pipeline files with. */
export function pipelineJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(pipelineSchema, {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => {
      if (!(LOOSE in jsonSchema)) return;
      delete jsonSchema[LOOSE];
      // The text is taken as it is written: YAML's own reading of `2021` does not matter.
      const types = ["string", "number", "boolean"];
      (jsonSchema as { type?: unknown }).type = types;
    },
  });
  return { title: "Sluice pipeline", ...schema };
}

/** The text of `schemas/pipeline.schema.json`. */
export function pipelineJsonSchemaText(): string {
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}
