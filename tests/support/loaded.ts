import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { run, specOf } from "./pipeline.ts";

/** A pipeline of a whole table. */
export const THINGS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: full }
columns: { id: { type: integer, required: true }, name: text, zone: integer }
`;
export const THREE = "id,name,zone\n1,one,1\n2,two,2\n3,three,3\n";
/** Its first version. */
export const LEAF = "shop.things__all__v1";

/** Loads once, decorates, and returns what loads the changed file. */
export async function loaded(
  db: Database,
  folder: string,
  write: (name: string, content: string) => void,
  decoration: string,
  yaml = THINGS,
): Promise<{ spec: PipelineSpec; again(csv: string): ReturnType<typeof run> }> {
  write("things.csv", THREE);
  const spec = specOf(yaml, folder);
  const { status, partitions } = await run(db, spec);
  expect([status, partitions[0].error]).toEqual(["succeeded", null]);
  if (decoration !== "") await db.query(decoration);
  return {
    spec,
    async again(csv) {
      write("things.csv", csv);
      return await run(db, spec);
    },
  };
}
