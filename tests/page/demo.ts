import { TOKEN } from "../schedule/serve_process.ts";
import { sluice } from "../support/sluice.ts";

export { TOKEN };

/** A folder with pipelines of every kind that the page shows; disposing removes it. */
export function demoFolder(
  path = Deno.makeTempDirSync({ prefix: "sluice-page-" }),
): { readonly path: string } & Disposable {
  Deno.mkdirSync(`${path}/data`);
  const write = (name: string, text: string) => Deno.writeTextFileSync(`${path}/${name}`, text);
  for (const month of MONTHS) write(`data/orders_${month}.csv`, orders(month));
  write("data/customers.csv", customers());
  write("data/events.jsonl", events());
  write("data/prices.csv", "sku,price\n" + "A-1,9.90\n".repeat(3) + "A-2,12\n");
  write("orders.yaml", ORDERS);
  write("customers.yaml", CUSTOMERS);
  write("events.yaml", EVENTS);
  write("prices.yaml", PRICES);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

export const MONTHS = Array.from(
  { length: 14 },
  (_, at) => `${2025 + Math.floor(at / 12)}-${String(at % 12 + 1).padStart(2, "0")}`,
).filter((month) => month !== "2025-08");

/** Text that would run if the page did not escape it. */
export const SCRIPT = `<script>document.title="owned"</script><img src=x onerror=alert(1)>`;

const ORDERS = `pipeline: orders
description: Orders of the shop, month by month

partitions: { by: month, from: 2025-01, to: 2026-02, missing: pending }

source:
  url: data/orders_{month}.csv
  format: csv

target:
  table: shop.orders
  partition_column: ordered_month
  versions: 3

refresh: { mode: partition }

idempotency_key: [order_id]
on_duplicate: keep_first

columns:
  order_id: { type: integer, required: true }
  ordered_at: { type: timestamp, required: true }
  customer: { type: text, max_length: 40 }
  country: { type: text, one_of: [DE, FR, IT, ES] }
  amount: { type: "numeric(10,2)", min: 0 }

rejects: { limit: 10% }

checks:
  - row_count: { min: 100 }
  - sql:
      name: few_large_amounts
      severity: warn
      query: select count(*) from {staging} where amount > 95
      max: 62

schedule:
  cron: "0 6 * * *"
  timezone: Europe/Berlin
`;

const CUSTOMERS = `pipeline: customers
description: Everybody who has ever ordered
source: { url: data/customers.csv, format: csv }
target: { table: shop.customers }
refresh: { mode: upsert }
idempotency_key: [customer]
columns:
  customer: { type: text, required: true }
  city: { type: text }
schedule: { cron: "30 5 * * MON-FRI" }
`;

const EVENTS = `pipeline: events
source: { url: data/events.jsonl, format: ndjson }
target: { table: shop.events }
columns:
  id: { type: integer, required: true }
  kind: { type: text }
  at: { type: timestamptz }
rejects: { limit: 50% }
`;

/** Refused: its key has duplicates. */
const PRICES = `pipeline: prices
source: { url: data/prices.csv, format: csv }
target: { table: shop.prices }
idempotency_key: [sku]
on_duplicate: fail
columns:
  sku: { type: text, required: true }
  price: { type: "numeric(10,2)" }
`;

/** Wrong in three places. */
export const BROKEN = `pipeline: returns
source:
  url: data/returns.csv
  fromat: csv
target: { table: shop.returns }
columns:
  order_id: { type: integr, required: true }
  amount: { type: "numeric(10,2)", mim: 0 }
`;

function orders(month: string): string {
  const seed = Number(month.replace("-", ""));
  const lines = ["order_id,ordered_at,customer,country,amount"];
  for (let n = 0; n < 900 + seed % 97 * 5; n++) {
    const day = String(n % 28 + 1).padStart(2, "0");
    const amount = ((n * 7919 + seed) % 10_000 / 100).toFixed(2);
    const bad = (n + seed) % 211 === 0;
    const name = bad && n % 2 === 0
      ? `"Ltd, ""Quoted"" ${SCRIPT}${".".repeat(30)}"`
      : `customer ${n % 300}`;
    const country = ["DE", "FR", "IT", "ES"][n % 4];
    const shown = bad && n % 2 === 1 ? "twelve" : amount;
    lines.push(
      `${seed * 10_000 + n},${month}-${day} 10:${String(n % 60).padStart(2, "0")}:00,${name},${
        (n + seed) % 331 === 0 ? "XX" : country
      },${shown}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function customers(): string {
  const cities = ["Berlin", "Paris", "Rome", "Madrid", ""];
  const lines = Array.from({ length: 300 }, (_, n) => `customer ${n},${cities[n % 5]}`);
  return `customer,city\n${lines.join("\n")}\n`;
}

function events(): string {
  const lines = Array.from({ length: 200 }, (_, n) =>
    JSON.stringify({
      id: n % 40 === 7 ? `no ${n} ${SCRIPT}` : n,
      kind: ["click", "view"][n % 2],
      at: n % 50 === 9 ? "yesterday" : "2026-01-01T00:00:00Z",
    }));
  return `${lines.join("\n")}\n`;
}

/** Loads what the folder has, `orders` twice, as the command line does. */
export async function loadDemo(folder: string, url: string): Promise<void> {
  for (const name of ["orders", "customers", "events", "prices", "orders"]) {
    const args = ["run", `${name}.yaml`, "--log-database", "--force"];
    const { code, err } = await sluice(folder, { DATABASE_URL: url }, ...args);
    // The prices are refused.
    if (code !== (name === "prices" ? 3 : 0)) throw new Error(`${name}: ${err}`);
  }
}
