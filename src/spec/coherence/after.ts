import type { Check } from "./check.ts";

/** What a pipeline waits for is another one, named once. */
export const afterOthers: Check = ({ pipeline, after = [] }, report) => {
  after.forEach((name, at) => {
    if (name === pipeline) {
      report.value(
        ["after", at],
        "spec/contradiction",
        `"${name}" is this pipeline itself: it cannot be loaded before itself`,
        "Name the pipelines that must be loaded first",
      );
    } else if (after.indexOf(name) < at) {
      report.value(["after", at], "spec/contradiction", `"${name}" is named twice`);
    }
  });
};
