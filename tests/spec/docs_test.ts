import { expect } from "expect";
import { PERIOD_EXAMPLES } from "../../src/core/period.ts";
import { SIMPLE_TYPES } from "../../src/spec/column_type.ts";
import { NOT_YET } from "../../src/spec/not_available.ts";
import { CHECKS } from "../../src/spec/schema/checks/mod.ts";
import { pipelineSchema } from "../../src/spec/schema/pipeline.ts";
import type { Path } from "../../src/spec/yaml_tree.ts";
import { keysAt } from "../../src/spec/keys.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/pipeline.md", import.meta.url));

const SECTIONS: Readonly<Record<string, Path>> = {
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
  "`schedule`": ["schedule"],
  "`notify` and `expect`": ["notify", 0],
};

for (const [heading, path] of Object.entries(SECTIONS)) {
  Deno.test(`docs/pipeline.md lists the keys under ${heading}, and no others`, () => {
    expect(rowsOf(heading).map(([key]) => key)).toEqual(keysAt(path));
  });
}

Deno.test("docs/pipeline.md lists the top level, and says what is not available yet", () => {
  const rows = rowsOf("Top level");
  expect(rows.map(([key]) => key)).toEqual(Object.keys(pipelineSchema.shape));
  const later = rows.filter(([, row]) => row.includes("(not available yet)"));
  expect(later.map(([key]) => key)).toEqual(
    rows.map(([key]) => key).filter((key) => NOT_YET.includes(key)),
  );
});

Deno.test("docs/pipeline.md lists every kind of check with its options", () => {
  const rows = rowsOf("`checks`");
  expect(rows.map(([kind]) => kind)).toEqual(Object.keys(CHECKS));
  for (const [kind, row] of rows) {
    const options = [...row.split(/(?<!\\)\|/)[3].matchAll(/`(\w+)`/g)].map((match) => match[1]);
    const known = keysAt(["checks", 0, kind]);
    expect([kind, ...options]).toEqual([
      kind,
      ...known.filter((key) => key !== "name" && key !== "severity"),
    ]);
  }
});

/** First cells and whole rows of the tables under a heading. */
function rowsOf(heading: string): (readonly [key: string, row: string])[] {
  const section = PAGE.split(`## ${heading}\n`)[1].split("\n## ")[0];
  return [...section.matchAll(/^\| `(\w+)`.*$/gm)].map((match) => [match[1], match[0]] as const);
}

Deno.test("docs/pipeline.md names every type and every period", () => {
  for (const name of SIMPLE_TYPES) expect(PAGE).toContain(`\`${name}\``);
  for (const [by, text] of Object.entries(PERIOD_EXAMPLES)) {
    expect(PAGE).toMatch(new RegExp(`\\| \`${by}\` +\\| \`${text}\``));
  }
});
