import { expect } from "packages/expect.ts";
import { formatFault } from "../../src/spec/coherence/date_format.ts";
import { testDatabase } from "../support/postgres.ts";
import { encodeText, readAs } from "./encode_text.ts";
import { between, randomFrom } from "./random.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** A template of `to_char`, and the format that reads what it writes. */
const TEMPLATES: readonly (readonly [type: string, template: string, format: string])[] = [
  ["timestamp", "DD-Mon-YYYY HH24:MI:SS", "dd-MMM-yyyy HH:mm:ss"],
  ["timestamp", "FMDD FMMONTH YYYY HH24:MI:SS", "d MMMM yyyy HH:mm:ss"],
  ["timestamp", "Dy, FMMonth FMDD, YYYY FMHH12:MI:SS AM", "EEE, MMMM d, yyyy h:mm:ss a"],
  ["timestamp", "FMDay FMMM/FMDD/YYYY HH12:MI:SS p.m.", "EEEE M/d/yyyy hh:mm:ss a"],
  ["timestamp", "YYYYMMDDHH24MISS", "yyyyMMddHHmmss"],
  ["timestamp", 'YYYY-MM-DD"T"HH24:MI:SS.US', "yyyy-MM-dd'T'HH:mm:ss[.S]"],
  ["timestamptz", "DD/Mon/YYYY:HH24:MI:SS OF", "dd/MMM/yyyy:HH:mm:ss Z"],
  ["timestamptz", "YYYY-MM-DD HH24:MI:SS TZH:TZM", "yyyy-MM-dd HH:mm[:ss] Z"],
  ["date", "Mon FMDD YYYY", "MMM d yyyy"],
];

Deno.test(`format: what Postgres writes is read as what it meant (SLUICE_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  await using test = await testDatabase();
  const micros = Array.from(
    { length: 400 },
    () => BigInt(between(random, 0, 9_000_000_000)) * 1_000_000n,
  );
  for (const zone of ["UTC", "Asia/Kolkata", "America/St_Johns"]) {
    for (const [type, template, format] of TEMPLATES) {
      expect([format, formatFault(format, type)]).toEqual([format, null]);
      const rows = await test.db.query<{ written: string; meant: string }>(
        `with zone as materialized (select set_config('TimeZone', $2, true))
         select to_char(at::${type}, $3) as written,
           to_char(${
          type === "timestamptz" ? "at at time zone 'UTC'" : `at::${type}`
        }, 'YYYY-MM-DD${type === "date" ? "" : '"T"HH24:MI:SS.MS'}') as meant
         from zone, lateral (select timestamptz 'epoch' + m * interval '1 microsecond' as at
           from unnest($1::bigint[]) m) t`,
        [`{${micros.join()}}`, zone, template],
      );
      expect(rows.length).toBe(micros.length);
      for (const { written, meant } of rows) {
        expect([format, written, readAs(type, written, { format })]).toEqual([
          format,
          written,
          meant,
        ]);
      }
    }
  }
});

Deno.test(`epoch: counts are what Postgres makes of them (SLUICE_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  await using test = await testDatabase();
  const counts = Array.from({ length: 500 }, () => {
    const digits = String(between(random, 0, 4_000_000_000));
    const sign = random() < 0.3 ? "-" : "";
    return sign + digits + (random() < 0.5 ? "" : `.${between(random, 0, 999_999)}`);
  });
  for (const [format, unit] of [["epoch", "1"], ["epoch_ms", "0.001"], ["epoch_us", "0.000001"]]) {
    const rows = await test.db.query<{ text: string; meant: string }>(
      `select t as text,
         round(t::numeric * $2::numeric * 1000000)::bigint - 946684800000000 as meant
       from unnest($1::text[]) t where t::numeric * $2::numeric * 1000000 % 1
         not in (0.5, -0.5)`,
      [`{${counts.join()}}`, unit],
    );
    for (const { text, meant } of rows) {
      const read = BigInt.asIntN(64, BigInt(`0x${encodeText("timestamptz", text, { format })}`));
      expect([format, text, String(read)]).toEqual([format, text, String(meant)]);
    }
  }
});
