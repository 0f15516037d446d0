import { type Browser, chromium, type Page } from "packages/playwright-core.ts";
import { TOKEN } from "./demo.ts";

/** Where systems have it; nothing is downloaded. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser of this machine; null where there is none. */
export function findBrowser(): string | null {
  return PLACES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

/** Starts the browser. As root, and in a container, its own sandbox cannot be had. */
export async function startBrowser(path: string): Promise<Browser> {
  return await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}

export const LOOKS = [
  { name: "light", colorScheme: "light", width: 1280, height: 800 },
  { name: "dark", colorScheme: "dark", width: 1280, height: 800 },
  { name: "light-narrow", colorScheme: "light", width: 390, height: 844 },
  { name: "dark-narrow", colorScheme: "dark", width: 390, height: 844 },
] as const;

/** Milliseconds: the machine may have other things to do. */
export const LONG = 60_000;

/** A new window that has not signed in. */
export async function openWindow(
  browser: Browser,
  { colorScheme, width, height }: (typeof LOOKS)[number] = LOOKS[0],
): Promise<Page> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height } });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  return page;
}

/** Signs in, as a person does. */
export async function signInto(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/session`);
  await page.fill("input[name=token]", TOKEN);
  await page.click("main button");
}

/** The address of each view. */
export async function viewsOf(
  db: { query<T>(sql: string): Promise<T[]> },
  folder: string,
): Promise<Readonly<Record<string, string>>> {
  const rows = await db.query<{ pipeline: string; id: string }>(
    "select distinct on (pipeline) pipeline, id from sluice.runs order by pipeline, started_at desc",
  );
  const run = (name: string) => `/run/${rows.find(({ pipeline }) => pipeline === name)!.id}`;
  return {
    grid: "/",
    run: run("orders"),
    failed: run("prices"),
    runs: "/pipeline/orders/runs",
    rejects: "/pipeline/orders/rejects",
    versions: "/pipeline/orders/versions?partition=2025-03&sums=1",
    partitions: "/pipeline/orders/versions",
    checks: "/pipeline/orders/checks",
    check: "/pipeline/orders/checks?check=few_large_amounts",
    schedule: "/starts",
    queue: "/queue",
    file: "/pipeline/orders/file",
    broken: `/file?name=${encodeURIComponent(`${folder}/returns.yaml`)}`,
    empty: "/pipeline/events/checks",
    unknown: "/pipeline/nobody/versions",
    rollback: "/pipeline/orders/rollback?partition=2025-03&to=1",
    start: "/pipeline/orders/run",
  };
}
