// Names each pipeline after the variables A and B, as main.ts hands them on.
import { main } from "../../src/main.ts";
import { fakeServices, specNamed } from "./support.ts";

Deno.exit(
  await main({
    ...fakeServices(),
    loadSpec: (_text, { file, variables }) =>
      Promise.resolve({ spec: specNamed(`${variables.A} ${variables.B}`, file), diagnostics: [] }),
  }),
);
