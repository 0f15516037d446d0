import { expect } from "packages/expect.ts";
import axe from "packages/axe-core.ts";
import type { Page } from "packages/playwright-core.ts";
import { workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { sluice, startServe, TOKEN } from "../schedule/serve_process.ts";
import {
  findBrowser,
  LONG,
  LOOKS,
  openWindow,
  signInto,
  startBrowser,
  viewsOf,
} from "./browser.ts";
import { BROKEN, demoFolder, loadDemo } from "./demo.ts";
import { runOf, slowPipeline, type SlowSource, slowSource } from "./slow_source.ts";

const CHROMIUM = findBrowser();
if (CHROMIUM === null) {
  console.log("No Chromium is installed: the page is not looked at in a browser");
}

/** The driver keeps a process and timers of its own until the browser is closed. */
const BROWSER = { ignore: CHROMIUM === null, sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "each view in a browser: nothing is cut off, nothing runs, axe finds nothing",
  ...BROWSER,
  async fn(t) {
    await using database = await testDatabase();
    using folder = demoFolder();
    await loadDemo(folder.path, database.url);
    await database.db.query("analyze");
    Deno.writeTextFileSync(`${folder.path}/returns.yaml`, BROKEN);
    await using server = await startServe(folder.path, database.url);
    const views = await viewsOf(database.db, folder.path);
    const browser = await startBrowser(CHROMIUM!);
    try {
      const page = await openWindow(browser);
      const troubles: string[] = [];
      page.on("pageerror", (error) => troubles.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") troubles.push(message.text());
      });
      page.on("requestfailed", (request) => {
        // What a page that is left has not fetched yet is not missed.
        if (request.failure()?.errorText === "net::ERR_ABORTED") return;
        troubles.push(request.url());
      });
      await signInto(page, server.origin);
      for (const [name, path] of Object.entries({ ...views, session: "/session" })) {
        await page.goto(server.origin + path);
        // A page that is not there is told as an error of the console.
        let expected = name === "unknown" ? [expect.stringContaining("404")] : [];
        for (const look of LOOKS) {
          // Nothing but its styles tells the looks of a page apart.
          await t.step(`${name}, ${look.name}`, async () => {
            await page.emulateMedia({ colorScheme: look.colorScheme });
            await page.setViewportSize(look);
            expect(await page.title()).toContain("· Sluice");
            expect(await page.title()).not.toBe("owned");
            expect(troubles.splice(0)).toEqual(expected);
            expected = [];
            expect(await overflow(page)).toBe(0);
            expect(await findings(page)).toEqual([]);
          });
        }
      }
      await page.context().close();

      await t.step("a view keeps what it shows on reload", async () => {
        const page = await openWindow(browser);
        await page.goto(server.origin);
        await page.fill("input[name=q]", "ord");
        await page.press("input[name=q]", "Enter");
        await page.waitForURL(/\?q=ord/);
        await page.reload();
        expect(await page.inputValue("input[name=q]")).toBe("ord");
        expect(await page.locator("tbody tr").count()).toBe(1);
        await page.context().close();
      });

      await t.step(
        "a wrong token is said, the right one opens; then a version is put back, by keyboard alone",
        async () => {
          const page = await openWindow(browser);
          await page.goto(server.origin);
          // The first stop skips what every page begins with.
          await page.keyboard.press("Tab");
          expect(await focused(page)).toBe("Skip to the content");
          await tabTo(page, "Sign in to act");
          await page.keyboard.press("Enter");
          await page.waitForURL(/\/session/);
          await tabToField(page, "token");
          await page.keyboard.type("no such token at all");
          await page.keyboard.press("Enter");
          await page.locator("[role=alert]").waitFor();
          expect(await page.locator("[role=alert]").innerText()).toContain("This is not the token");
          await tabToField(page, "token");
          await page.keyboard.type(TOKEN);
          await page.keyboard.press("Enter");
          await page.waitForURL(`${server.origin}/`);
          const cookies = await page.context().cookies();
          expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([
            [true, "Strict"],
          ]);
          expect(await page.evaluate("document.cookie + localStorage.length")).toBe("0");

          await tabTo(page, "orders");
          await page.keyboard.press("Enter");
          await page.waitForURL(/versions/);
          await tabTo(page, "2025-03");
          await page.keyboard.press("Enter");
          await page.waitForURL(/partition=2025-03/);
          await tabTo(page, "Put back …");
          await page.keyboard.press("Enter");
          await page.waitForURL(/rollback/);
          await tabTo(page, "Put version 1 back");
          await page.keyboard.press("Enter");
          await page.waitForURL(/versions\?partition=2025-03/);
          const rows = await page.locator("table").first().locator("tbody tr").allInnerTexts();
          expect(rows[0]).toMatch(/^2\s+rolled back/);
          expect(rows[1]).toMatch(/^1\s+live/);
          await page.context().close();
        },
      );

      await t.step("everything can be read without JavaScript", async () => {
        const context = await browser.newContext({ javaScriptEnabled: false });
        const page = await context.newPage();
        page.setDefaultTimeout(LONG);
        for (const path of Object.values(views).filter((path) => !/rollback|\/run$/.test(path))) {
          await page.goto(server.origin + path);
          expect((await page.locator("main").innerText()).length).toBeGreaterThan(40);
        }
        await context.close();
      });
    } finally {
      await browser.close();
    }
  },
});

/** A window that has signed in to the server of a folder, and what stands beside it. */
interface Watched {
  readonly page: Page;
  readonly origin: string;
  readonly folder: string;
  readonly database: TestDatabase;
  readonly source: SlowSource;
}

/** Looks at a folder whose pipeline `slow` stalls in its middle. */
async function watchSlow(
  files: Readonly<Record<string, string>>,
  watch: (watched: Watched) => Promise<void>,
): Promise<void> {
  await using database = await testDatabase();
  await using source = slowSource();
  using workplace = workspace({ "slow.yaml": slowPipeline(source), ...files });
  const { folder } = workplace;
  await using server = await startServe(folder, database.url);
  const browser = await startBrowser(CHROMIUM!);
  try {
    const page = await openWindow(browser);
    await signInto(page, server.origin);
    await watch({ page, origin: server.origin, folder, database, source });
  } finally {
    await browser.close();
  }
}

/** One that ends at once. */
const QUICK = {
  "a.csv": "id\n1\n",
  "quick.yaml":
    "pipeline: quick\nsource: { url: a.csv, format: csv }\ntarget: { table: shop.quick }\n" +
    "columns: { id: { type: integer } }\n",
};

Deno.test({
  name: "a run is watched in a browser while it goes on, canceled there, and its end is shown",
  ...BROWSER,
  async fn() {
    await watchSlow(QUICK, async ({ page, origin }) => {
      await page.goto(`${origin}/pipeline/slow/run`);
      await page.click("main button");
      await page.waitForURL(/\/run\//);
      // Rows come without a reload.
      await page.evaluate("globalThis.here = true");
      await page.locator("#live td.number", { hasText: /^[1-9][\d,]+$/ }).first().waitFor();
      expect(await page.evaluate("globalThis.here")).toBe(true);
      expect(await page.locator("#live .state").first().innerText()).toBe("running");
      expect(await findings(page)).toEqual([]);
      // It is given up by a click and one question, which can be answered by no.
      const path = page.url();
      await page.click("text=Cancel …");
      await page.locator("h1", { hasText: "Cancel the run of slow?" }).waitFor();
      await page.click("text=No, go back");
      await page.waitForURL(path);
      expect(await page.locator("#live .state").first().innerText()).toBe("running");
      await page.click("text=Cancel …");
      await page.click("main button:has-text('Cancel it')");
      await page.waitForURL(path);
      await page.locator(".verdict", { hasText: "interrupted" }).waitFor();
      await page.locator("text=Somebody canceled the run").first().waitFor();
      expect(await page.locator("text=Cancel …").count()).toBe(0);
      expect(await findings(page)).toEqual([]);
      // One that ends soon is shown as ended, without anybody asking for it.
      await page.goto(`${origin}/pipeline/quick/run`);
      await page.click("main button");
      await page.locator(".verdict", { hasText: "succeeded" }).waitFor();
    });
  },
});

Deno.test({
  name: "a run of the command line is watched in a browser while it goes on",
  ...BROWSER,
  async fn() {
    await watchSlow({}, async ({ page, origin, folder, database, source }) => {
      const running = sluice(["run", "slow.yaml"], folder, { DATABASE_URL: database.url });
      const ended = running.then(({ err }) => Promise.reject(new Error(err)));
      const path = await Promise.race([runOf(database.db), ended]);
      await page.goto(origin + path);
      await page.evaluate("globalThis.here = true");
      const rows = page.locator("#live tr", { hasText: "copying" }).locator("td.number").first();
      await rows.filter({ hasText: /^[1-9][\d,]+$/ }).waitFor();
      expect(await page.evaluate("globalThis.here")).toBe(true);
      expect(await page.locator("text=Cancel …").count()).toBe(0);
      expect(await findings(page)).toEqual([]);
      source.letGo();
      await page.locator(".verdict", { hasText: "succeeded" }).waitFor();
      expect((await running).code).toBe(0);
    });
  },
});

/** Pixels that the page is wider than its window: tables scroll by themselves. */
async function overflow(page: Page): Promise<number> {
  return await page.evaluate(
    "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)",
  );
}

/** What axe finds, one line each. */
async function findings(page: Page): Promise<string[]> {
  // By the driver: the page's own policy lets no script in.
  if (await page.evaluate("typeof axe") === "undefined") await page.evaluate(axe.source);
  const { violations } = await page.evaluate("axe.run()") as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)
  );
}

async function focused(page: Page): Promise<string> {
  return await page.evaluate("(document.activeElement?.textContent ?? '').trim()");
}

/** Presses Tab until what has this text is reached. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let n = 0; n < 300; n++) {
    await page.keyboard.press("Tab");
    if (await focused(page) === text) return;
  }
  throw new Error(`"${text}" is not reached by the keyboard`);
}

async function tabToField(page: Page, name: string): Promise<void> {
  for (let n = 0; n < 100; n++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate("document.activeElement?.getAttribute('name')") === name) return;
  }
  throw new Error(`"${name}" is not reached by the keyboard`);
}
