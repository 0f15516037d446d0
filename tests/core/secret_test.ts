import { expect } from "packages/expect.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { randomFrom, testSeed } from "../source/support.ts";

Deno.test("secrets that overlap leave nothing of each other", () => {
  const secrets = secretsFrom({ A: "45000/things?token=canary", B: "token=canary/bird" });
  expect(secrets.reveal("${A} ${B}")).toContain("bird");
  const text = "http://h:45000/things?token=canary/bird is token=canary/bird, not token=cat";
  expect(secrets.redact(text)).toBe("http://h:*** is ***, not token=cat");
});

Deno.test("no part of any secret is shown, however they lie in each other", () => {
  const random = randomFrom(testSeed("secrets"));
  const word = (most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => "abc"[Math.floor(random() * 3)])
      .join("");
  for (let round = 0; round < 500; round++) {
    const values = Array.from({ length: 1 + Math.floor(random() * 4) }, () => word(4));
    const secrets = secretsFrom(Object.fromEntries(values.map((value, at) => [`S${at}`, value])));
    values.forEach((_, at) => secrets.reveal(`\${S${at}}`));
    const text = word(30);
    const shown = secrets.redact(text);
    // By another way: each character that any of them covers is marked.
    const covered = [...text].map((_, at) =>
      values.some((value) =>
        Array.from({ length: value.length }, (_, back) => at - back)
          .some((start) => start >= 0 && text.startsWith(value, start))
      )
    );
    const left = [...text].filter((_, at) => !covered[at]).join("");
    expect([text, values, shown.replaceAll("*", "")]).toEqual([text, values, left]);
  }
});
