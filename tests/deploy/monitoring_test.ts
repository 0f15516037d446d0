import { expect } from "packages/expect.ts";
import { parse } from "yaml";
import { makeMetrics, ofServed, renderMetrics, seedMetrics } from "../../src/observe/metrics.ts";
import { overviewOf } from "../../src/schedule/overview.ts";
import { scheduleMetrics } from "../../src/schedule/schedule_metrics.ts";
import { served } from "../schedule/scheduler_harness.ts";
import { at, schedule } from "../schedule/support.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const DASHBOARD = read("deploy/grafana/sluice.json");
const RULES = read("deploy/prometheus/sluice.rules.yml");
const NOW = at("2026-03-07T12:00");

/** What a server says that has every kind of series. */
async function metricsText(): Promise<string> {
  const record = {
    pipeline: "trips",
    cron: "0 6 * * *",
    timezone: "UTC",
    since: NOW,
    tick: NOW,
    attempt: 1,
    state: "done" as const,
    retryAt: null,
    last: {
      tick: NOW.toISOString(),
      attempt: 1,
      state: "done",
      retry_at: null,
      owner: null,
      started_at: NOW.toISOString(),
      ended_at: NOW.toISOString(),
      run_id: null,
      status: "failed",
      error: null,
    },
  };
  const states = [{ ...served("trips", schedule("0 6 * * *")), running: false, record }];
  const metrics = makeMetrics("1.2.3");
  return await renderMetrics(metrics) +
    scheduleMetrics(overviewOf(states, new Map(), NOW), true);
}

/** Names of metrics, with those that a histogram has. */
async function namesServed(): Promise<Set<string>> {
  const names = [...(await metricsText()).matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  return new Set(
    names.flatMap(([, name, type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name]
    ),
  );
}

for (const [name, text] of [["dashboard", DASHBOARD], ["rules", RULES]]) {
  Deno.test(`the ${name} asks for metrics that are served, and by labels that they have`, async () => {
    const served = await namesServed();
    const asked = new Set(
      [...text.matchAll(/\bsluice_[a-z_]+\b(?!\.rules)/g)].map(([word]) => word),
    );
    expect(asked.size).toBeGreaterThan(5);
    expect([...asked].filter((word) => !served.has(word))).toEqual([]);
  });
}

Deno.test("the dashboard shows every metric that is served", async () => {
  for (const name of await namesServed()) {
    // One of a histogram is enough.
    const plain = name.replace(/_(bucket|sum|count)$/, "");
    expect([name, DASHBOARD.includes(plain)]).toEqual([name, true]);
  }
});

Deno.test("docs name every metric that is served", async () => {
  const docs = read("docs/observability.md") + read("docs/operate.md");
  for (const name of await namesServed()) {
    expect(docs).toContain(`\`${name.replace(/_(bucket|sum|count)$/, "")}\``);
  }
});

Deno.test("the dashboard's panels have a place and a query each, and none covers another", () => {
  const { panels, templating } = JSON.parse(DASHBOARD);
  const taken = new Set<string>();
  const ids = new Set<number>();
  for (const { id, title, gridPos: { x, y, w, h }, targets } of panels) {
    ids.add(id);
    expect([title, x + w <= 24, targets.length > 0]).toEqual([title, true, true]);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        expect([title, taken.has(`${column}/${row}`)]).toEqual([title, false]);
        taken.add(`${column}/${row}`);
      }
    }
  }
  expect(ids.size).toBe(panels.length);
  const variables = templating.list.map(({ name }: { name: string }) => name);
  const used = [...DASHBOARD.matchAll(/\$\{?(pipeline|datasource)\b/g)].map(([, name]) => name);
  expect(variables.toSorted()).toEqual([...new Set(used)].toSorted());
});

Deno.test("each rule has an expression, a severity and what to do, under a name of its own", () => {
  const { groups: [{ rules }] } = parse(RULES);
  const names = rules.map(({ alert }: { alert: string }) => alert);
  expect(new Set(names).size).toBe(names.length);
  for (const { alert, expr, labels, annotations } of rules) {
    expect([alert, typeof expr]).toEqual([alert, "string"]);
    expect(["page", "ticket"]).toContain(labels.severity);
    expect(annotations.summary.length * annotations.description.length).toBeGreaterThan(0);
  }
  expect(parse(read("deploy/prometheus/prometheus.yml")).rule_files).toEqual(["sluice.rules.yml"]);
});

const PROMTOOL = findPromtool();
if (PROMTOOL === null) console.log("skipped: promtool is not installed, which checks the rules");

Deno.test({
  name: "promtool takes the rules, the configuration and what /metrics says; each alert fires",
  ignore: PROMTOOL === null,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const write = (name: string, text: string) => Deno.writeTextFileSync(`${folder}/${name}`, text);
    write("sluice.rules.yml", RULES);
    write("prometheus.yml", read("deploy/prometheus/prometheus.yml"));
    const rules = read("tests/deploy/sluice.rules.test.yml");
    write("test.yml", rules.replace("RULES", `${folder}/sluice.rules.yml`));
    write("metrics", await metricsText());
    // Each rule is shown to fire, and to be silent.
    for (const { alert } of parse(RULES).groups[0].rules) {
      const shown = rules.split(`alertname: ${alert}`).length - 1;
      expect([alert, shown >= 2, rules.includes(`alertname: ${alert}\n`)]).toEqual([
        alert,
        true,
        true,
      ]);
    }
    const runs = [
      ["check", "rules", "--lint=all", "--lint-fatal", `${folder}/sluice.rules.yml`],
      ["check", "config", "--syntax-only", `${folder}/prometheus.yml`],
      ["test", "rules", `${folder}/test.yml`],
      ["check", "metrics"],
    ];
    for (const args of runs) {
      const command = new Deno.Command("sh", {
        args: ["-c", '"$@" < "$0"', `${folder}/metrics`, PROMTOOL!, ...args],
      });
      const { code, stdout, stderr } = await command.output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      expect([args, code, said]).toEqual([args, 0, said]);
    }
    Deno.removeSync(folder, { recursive: true });
  },
});

/** The checker that comes with Prometheus, where it is installed. */
function findPromtool(): string | null {
  return ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/homebrew/bin/promtool"].find(
    (path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    },
  ) ?? null;
}

Deno.test("/metrics has series of pipelines that are served, with the targets they have now", async () => {
  const metrics = makeMetrics("1.2.3");
  const run = { lastSuccess: 1, lastRun: 2, seconds: 3, rowsLoaded: 4, rowsRejected: 5 };
  seedMetrics(metrics, [
    { ...run, pipeline: "trips", target: 'data."odd\\ name"' },
    { ...run, pipeline: "trips", target: "data.before" },
    { ...run, pipeline: "gone", target: "data.gone" },
  ]);
  const all = await renderMetrics(metrics);
  const text = ofServed(all, new Map([["trips", 'data."odd\\ name"']]));
  const series = (text: string) => text.split("\n").filter((line) => line.includes("pipeline="));
  expect(series(all)).toHaveLength(3 * series(text).length);
  expect(series(text).length).toBeGreaterThan(4);
  expect(text).not.toMatch(/gone|before/);
  // What is of no pipeline stays.
  expect(text).toContain('sluice_build_info{version="1.2.3"} 1');
  expect(ofServed(all, new Map())).not.toContain("pipeline=");
});
