import { expect } from "packages/expect.ts";
import { edited, load } from "./support.ts";

function withKeys(yaml: string) {
  const { spec, diagnostics } = load(edited(["columns:", `${yaml}\ncolumns:`]), {
    variables: { HOOK: "https://hooks.example/canary" },
  });
  expect(diagnostics).toEqual([]);
  return spec!;
}

Deno.test("schedule: needs cron only", () => {
  expect(withKeys('schedule: { cron: "@daily" }').schedule).toEqual({
    cron: "@daily",
    timezone: "UTC",
    retries: 3,
    retryDelaySeconds: 60,
    jitterSeconds: 0,
    catchUp: true,
  });
});

Deno.test("schedule: takes each of its keys, durations in seconds, minutes and hours", () => {
  const yaml = `schedule:
  cron: "30 6 * * MON-FRI"
  timezone: America/New_York
  retries: 0
  retry_delay: 90s
  jitter: 24h
  catch_up: false`;
  expect(withKeys(yaml).schedule).toEqual({
    cron: "30 6 * * MON-FRI",
    timezone: "America/New_York",
    retries: 0,
    retryDelaySeconds: 90,
    jitterSeconds: 86_400,
    catchUp: false,
  });
});

Deno.test("without schedule, notify and expect a pipeline has none", () => {
  const spec = withKeys("rules: {}");
  expect(spec.schedule).toBeUndefined();
  expect([spec.notify, spec.expect]).toEqual([[], null]);
});

Deno.test("notify: and expect: are kept as they are, with references in place of secrets", () => {
  const spec = withKeys(`expect: { duration: 10m }
notify:
  - { on: [failure, slow], webhook: "\${HOOK}", format: slack }
  - { on: [warning], command: [page, "\${HOOK}"] }`);
  expect(spec.expect).toEqual({ durationSeconds: 600 });
  expect(spec.notify).toEqual([
    { on: ["failure", "slow"], webhook: "${HOOK}", format: "slack" },
    { on: ["warning"], command: ["page", "${HOOK}"] },
  ]);
  expect(JSON.stringify(spec)).not.toContain("canary");
});

Deno.test("when and to whom a pipeline is told does not make loaded files look changed", () => {
  const hash = withKeys("rules: {}").hash;
  for (
    const yaml of [
      "schedule: { cron: '@daily' }",
      "expect: { duration: 5s }",
      "notify: [{ on: [failure], command: [page] }]",
    ]
  ) {
    expect(withKeys(yaml).hash).toBe(hash);
  }
});
