import { pipelineJsonSchemaText } from "./json_schema.ts";

/** Writes the JSON Schema that the first line of each pipeline names. */
if (import.meta.main) {
  const file = new URL("../../schemas/pipeline.schema.json", import.meta.url);
  await Deno.writeTextFile(file, pipelineJsonSchemaText());
}
