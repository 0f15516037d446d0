import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { run, specOf } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { pipelineFor, profileOf } from "./support.ts";

const SHARED = new URL("../../../shared/", import.meta.url).pathname;
const TEXTS = /\.(csv|tsv|txt|dat|jsonl|gz|zip)$/;
/** Of many files alike, two are loaded and the others are only looked at. */
const ALIKE = /yellow_tripdata_sample_\d{4}-(?!01)\d\d|pipeline\.yaml|README/;

/** A row of it is larger than a page of Postgres: no pipeline can load it. */
const TOO_WIDE = "i11_one_wide_row";

const isThere = exists(`${SHARED}data`) && exists(`${SHARED}cases`);
if (!isThere) console.log(`skipped: there is no folder ${SHARED}`);

Deno.test({
  name: "the pipeline written for a real file loads all of it, without a type reject",
  ignore: !isThere,
  async fn() {
    await using test = await ledgerDatabase();
    const files = [...walk(SHARED)].filter((path) => TEXTS.test(path) && !ALIKE.test(path))
      .filter((path) => !path.includes(TOO_WIDE)).sort();
    const score = { loaded: 0, records: 0, refused: 0 };
    for (const [n, path] of files.entries()) {
      let yaml: string;
      try {
        yaml = await pipelineFor(path, `shared.t${n}`);
      } catch (error) {
        if (!(error instanceof SluiceError) || error.origin !== "source") throw error;
        score.refused++;
        continue;
      }
      const named = yaml.replace(/^pipeline: .*$/m, `pipeline: t${n}`);
      const result = await run(test.db, specOf(named, "/"));
      const profile = await profileOf(path);
      if (result.status === "failed") throw new Error(`${path}: ${JSON.stringify(result)}`);
      expect({ path, status: result.status, read: result.rows_read, loaded: result.rows_loaded })
        .toEqual({
          path,
          status: "succeeded",
          read: profile.records + profile.unreadable,
          loaded: profile.records,
        });
      score.loaded++;
      score.records += result.rows_loaded;
    }
    console.log(
      `${score.loaded} files and ${score.records} records are loaded, ${score.refused} refused`,
    );
    expect(score.loaded).toBeGreaterThan(150);
    // Damaged, in another encoding, of another format, or empty.
    expect(score.refused).toBeLessThan(25);
  },
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder.replace(/\/$/, "")}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}
