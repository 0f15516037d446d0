import { pipelineJsonSchemaText } from "./json_schema.ts";
import { withKeyTables } from "./reference.ts";

// `deno task schema`: writes what is derived from the keys of pipeline files.
const ROOT = new URL("../../", import.meta.url);
const PAGE = new URL("docs/pipeline.md", ROOT);
Deno.writeTextFileSync(new URL("schemas/pipeline.schema.json", ROOT), pipelineJsonSchemaText());
Deno.writeTextFileSync(PAGE, withKeyTables(Deno.readTextFileSync(PAGE)));
