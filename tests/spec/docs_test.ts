import { expect } from "expect";
import { PERIOD_EXAMPLES } from "../../src/core/period.ts";
import { SIMPLE_TYPES } from "../../src/spec/column_type.ts";
import { keysAt } from "../../src/spec/schema_keys.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/pipeline.md", import.meta.url));

const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "Top level": [],
  "`environments.<name>`": ["environments", "x"],
  "`partitions`": ["partitions"],
  "`source`": ["source"],
  "`source.format`": ["source", "format"],
  "`target`": ["target"],
  "`refresh`": ["refresh"],
  "`columns.<name>`": ["columns", "x"],
  "`rules.<name>`": ["rules", "x"],
  "`rejects`": ["rejects"],
  "`schema_contract`": ["schema_contract"],
};

for (const [heading, path] of Object.entries(SECTIONS)) {
  Deno.test(`docs/pipeline.md lists the keys under ${heading}, and no others`, () => {
    const section = PAGE.split(`## ${heading}\n`)[1].split("\n## ")[0];
    const keys = [...section.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]);
    expect(keys).toEqual(keysAt(path));
  });
}

Deno.test("docs/pipeline.md names every type and every period", () => {
  for (const name of SIMPLE_TYPES) expect(PAGE).toContain(`\`${name}\``);
  for (const [by, text] of Object.entries(PERIOD_EXAMPLES)) {
    expect(PAGE).toMatch(new RegExp(`\\| \`${by}\` +\\| \`${text}\``));
  }
});
