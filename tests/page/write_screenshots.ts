/** Writes `docs/page/`: pictures of the page with data of the demo. */
import { testDatabase } from "../support/postgres.ts";
import { startServe } from "../schedule/serve_process.ts";
import { findBrowser, LOOKS, openWindow, signInto, startBrowser, viewsOf } from "./browser.ts";
import { BROKEN, demoFolder, loadDemo } from "./demo.ts";

/** Views that `docs/page.md` shows, each in every look. */
const SHOWN = [
  "grid",
  "run",
  "runs",
  "rejects",
  "versions",
  "checks",
  "schedule",
  "queue",
  "file",
  "broken",
  "rollback",
];

const FOLDER = Deno.args[0] ?? new URL("../../docs/page", import.meta.url).pathname;
/** Pixels. */
const LEAST = 320;
const TALLEST = 860;

// What an earlier run may have left behind.
await Deno.remove("/tmp/shop", { recursive: true }).catch(() => {});
Deno.mkdirSync("/tmp/shop");
await using database = await testDatabase();
// Its name is in the pictures.
using folder = demoFolder("/tmp/shop");
await loadDemo(folder.path, database.url);
// As after a week of use: some loads are older than others.
await database.db.query(
  `update sluice.loads set published_at = published_at - make_interval(days => (id % 9)::int, hours => 7)
where version = 1 or id % 3 > 0`,
);
await database.db.query("analyze");
Deno.writeTextFileSync(`${folder.path}/returns.yaml`, BROKEN);
Deno.mkdirSync(FOLDER, { recursive: true });
await using server = await startServe(folder.path, database.url);
const views = await viewsOf(database.db, folder.path);
const path = findBrowser();
if (path === null) throw new Error("No Chromium is installed");
const browser = await startBrowser(path);
for (const look of LOOKS) {
  const page = await openWindow(browser, look);
  await signInto(page, server.origin);
  for (const name of SHOWN) {
    await page.setViewportSize({ width: look.width, height: LEAST });
    await page.goto(server.origin + views[name]);
    const height = Number(await page.evaluate("document.documentElement.scrollHeight"));
    await page.setViewportSize({
      width: look.width,
      height: Math.min(TALLEST, Math.max(LEAST, height)),
    });
    await page.screenshot({ path: `${FOLDER}/${name}-${look.name}.png` });
  }
}
await browser.close();
