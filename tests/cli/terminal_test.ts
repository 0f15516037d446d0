import { expect } from "packages/expect.ts";
import { textWidth } from "../../src/core/text_width.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { openTerminal } from "../support/terminal.ts";

// What people see: the tool in a terminal of 80 and one of 120 columns, on a real database.

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

const ORDERS = `pipeline: orders
source: { url: data/orders.csv }
target: { table: shop.orders }
refresh: { mode: full }
columns:
  id: { type: integer, required: true }
  name: { type: text, required: true }
  price: { type: "numeric(10,2)" }
checks:
  - row_count: { min: 1 }
`;

const GOOD = "id,name,price\n1,Ann,1.5\n2,東京タワーの高さは三百三十三メートルです,2\n";
const BAD = `${GOOD}3,Bob,abc\nx,${"東京".repeat(60)},3\n5,,9\n6,Al\n`;

const FILES = {
  "orders.yaml": ORDERS,
  "gone.yaml": ORDERS.replace("orders.csv", "gone.csv").replaceAll("orders", "gone"),
  "broken.yaml": ORDERS.replace("numeric", "numbric"),
  "empty.yaml": ORDERS.replace("min: 1", "min: 1000").replace("pipeline: orders", "pipeline: few")
    .replace("shop.orders", "shop.few"),
};

/** Commands, one after the other, and what each says once. */
const STEPS: readonly { data?: string; args: string; says: readonly RegExp[] }[] = [
  { args: "run orders.yaml", data: GOOD, says: [/orders is shop\.orders in/, /published/] },
  { args: "plan orders.yaml --force", says: [/orders: 1 to load/, /data\/orders\.csv$/m] },
  { args: "run orders.yaml", says: [/version 1 holds this very file/] },
  {
    args: "run orders.yaml",
    data: BAD,
    says: [
      /4 of 6 rows \(66\.67%\) were rejected/,
      /invalid_number \(1 row\), as on line 4, column "price"/,
      /invalid_integer \(1 row\), as on line 5, column "id"/,
      /required \(1 row\), as on line 6, column "name"/,
      /rejects orders\.yaml --run [0-9a-f]{8}$/m,
    ],
  },
  { args: "rejects orders.yaml", says: [/4 rejected rows of run [0-9a-f]{8}$/m, /東京.*…$/m] },
  { args: "history orders.yaml", says: [/^[0-9a-f]{8} +refused /m, /^[0-9a-f]{8} +succeeded /m] },
  { args: "status .", data: GOOD, says: [/broken\.yaml:8:18/] },
  { args: "run gone.yaml", says: [/There is no file "data\/gone\.csv"/] },
  {
    args: "run empty.yaml",
    says: [/A check failed: row_count: observed 2, expected at least 1000/, /check\/failed/],
  },
  { args: "doctor orders.yaml", says: [/shop\.orders is there/] },
  { args: "preview data/orders.csv", says: [/Ann/] },
  { args: "run broken.yaml", says: [/"numbric\(10,2\)" is not a type/] },
  { args: "run -q orders.yaml gone.yaml", says: [/There is no file "data\/gone\.csv"/] },
];

for (const columns of [80, 120]) {
  Deno.test(`every command fits a terminal of ${columns} columns, and says a thing once`, async () => {
    await using test = await testDatabase();
    using files = workspace(FILES);
    Deno.mkdirSync(`${files.folder}/data`);
    for (const { args, data, says } of STEPS) {
      if (data !== undefined) files.write("data/orders.csv", data);
      const shown = await show(args, columns, files.folder, test.url);
      if (shown === null) return console.log("skipped: there is no tmux");
      for (const line of shown.lines) {
        expect([args, line, textWidth(line) <= columns]).toEqual([args, line, true]);
      }
      // As if the terminal were wide enough: a message may take two lines.
      const text = shown.lines.map((line) => line.trim()).join(" ");
      for (const what of says) {
        const isLine = what.flags.includes("m");
        const times = (isLine ? shown.lines.join("\n") : text).match(
          new RegExp(what.source, `g${what.flags}`),
        );
        expect([args, what.source, times?.length, times === null ? text : ""])
          .toEqual([args, what.source, 1, ""]);
      }
      // No path of this machine where one from here says it.
      expect(text).not.toContain(`${files.folder}/`);
      // Not one sentence twice.
      const long = shown.lines.map((line) => line.trim()).filter((line) => line.length > 30);
      expect(long.filter((line, at) => long.indexOf(line) !== at)).toEqual([]);
    }
  });
}

/** Runs a command in a terminal that is high enough for all it says. */
async function show(args: string, columns: number, folder: string, url: string) {
  await using terminal = await openTerminal(
    `DATABASE_URL='${url}' NO_COLOR=1 '${Deno.execPath()}' run -A --no-prompt --no-check -q ` +
      `'${MAIN}' ${args}`,
    { columns, rows: 120 },
    folder,
  );
  if (terminal === null) return null;
  const text = await terminal.until(/^exit=/m);
  return { lines: text.slice(0, text.search(/^exit=/m)).split("\n").map((line) => line.trimEnd()) };
}
