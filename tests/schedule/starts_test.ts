import { expect } from "packages/expect.ts";
import { occurrencesAfter, occurrencesUpTo, recurrenceFault } from "../../src/core/occurrences.ts";
import { lastStart, startsAfter } from "../../src/schedule/starts.ts";
import { at, schedule } from "./support.ts";
import { testSeed } from "../support/seed.ts";

const NEW_YORK = "America/New_York";

/** Each with the days on which the clocks of its zone change. */
const DAYLIGHT: readonly {
  name: string;
  cron: string;
  timezone: string;
  from: string;
  comes: readonly string[];
}[] = [
  {
    name: "a time of day keeps its local hour over the change",
    cron: "0 6 * * *",
    timezone: NEW_YORK,
    from: "2026-03-07T00:00",
    comes: ["2026-03-07T11:00", "2026-03-08T10:00", "2026-03-09T10:00"],
  },
  {
    name: "a time of day that does not exist comes when the clocks have gone forward",
    cron: "30 2 * * *",
    timezone: NEW_YORK,
    from: "2026-03-08T00:00",
    comes: ["2026-03-08T07:00", "2026-03-09T06:30"],
  },
  {
    name: "a time of day that exists twice comes the first time",
    cron: "30 1 * * *",
    timezone: NEW_YORK,
    from: "2026-11-01T00:00",
    comes: ["2026-11-01T05:30", "2026-11-02T06:30"],
  },
  {
    name: "so do several times of day",
    cron: "30 1,13 * * *",
    timezone: NEW_YORK,
    from: "2026-11-01T00:00",
    comes: ["2026-11-01T05:30", "2026-11-01T18:30", "2026-11-02T06:30"],
  },
  {
    name: "a repeated time goes on through the hour that exists twice",
    cron: "*/30 * * * *",
    timezone: NEW_YORK,
    from: "2026-11-01T05:00",
    comes: ["2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-01T07:00"],
  },
  {
    name: "an offset of a quarter of an hour is kept",
    cron: "0 6 5 * *",
    timezone: "Asia/Kathmandu",
    from: "2026-03-08T00:00",
    comes: ["2026-04-05T00:15", "2026-05-05T00:15"],
  },
  {
    name: "a day that begins at one o'clock has its midnight job then",
    cron: "30 0 * * *",
    timezone: "Africa/Cairo",
    from: "2026-04-23T12:00",
    comes: ["2026-04-23T22:00", "2026-04-24T21:30"],
  },
  {
    name: "half an hour of daylight saving is half an hour",
    cron: "0 9 * * *",
    timezone: "Australia/Lord_Howe",
    from: "2026-10-02T23:00",
    comes: ["2026-10-03T22:00", "2026-10-04T22:00"],
  },
];

for (const { name, cron, timezone, from, comes } of DAYLIGHT) {
  Deno.test(`occurrencesAfter(): ${name}`, () => {
    const found = occurrencesAfter({ cron, timezone }, at(from), comes.length);
    expect(found).toEqual(comes.map(at));
    // The way back finds the same ones.
    const back = occurrencesUpTo({ cron, timezone }, found[found.length - 1], comes.length);
    expect(back).toEqual([...found].reverse());
  });
}

Deno.test("occurrencesAfter() leaves the moment out, occurrencesUpTo() takes it in", () => {
  const hourly = { cron: "0 * * * *", timezone: "UTC" };
  expect(occurrencesAfter(hourly, at("2026-01-01T05:00"), 1)).toEqual([at("2026-01-01T06:00")]);
  expect(occurrencesUpTo(hourly, at("2026-01-01T05:00"), 1)).toEqual([at("2026-01-01T05:00")]);
  expect(occurrencesUpTo(hourly, at("2026-01-01T04:59:59.999"), 1)).toEqual([
    at("2026-01-01T04:00"),
  ]);
});

Deno.test("occurrences forth and back agree for random moments, expressions and zones", () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const zones = ["UTC", NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo"];
  const crons = ["0 6 5 * *", "30 2 * * *", "*/20 1-3 * * *", "15 1,2,3 * * 0", "0 0 L * *"];
  for (let round = 0; round < 100; round++) {
    const recurrence = { cron: pick(crons), timezone: pick(zones) };
    const from = new Date(at("2025-01-01T00:00").getTime() + random() * 3 * 365 * 86_400_000);
    const forth = occurrencesAfter(recurrence, from, 4);
    const back = occurrencesUpTo(recurrence, forth[3], 4).reverse();
    try {
      expect(back).toEqual(forth);
    } catch (error) {
      const where = `seed ${seed}: ${JSON.stringify({ ...recurrence, from })}`;
      throw new Error(where, { cause: error });
    }
  }
});

Deno.test("recurrenceFault() says what is wrong, and accepts what is right", () => {
  const fault = (cron: string, timezone = "UTC") => recurrenceFault({ cron, timezone });
  for (const good of ["0 6 5 * *", "@daily", "*/7 * * * MON-FRI", "0 0 L * *", "0 0 29 2 *"]) {
    expect(fault(good)).toBe(null);
  }
  expect(fault("0 6 * * *", NEW_YORK)).toBe(null);
  expect(fault("61 * * * *")?.message).toBe(
    '"61 * * * *" is not a cron expression: Invalid value for minute: 61',
  );
  expect(fault("0 0 0 * * *")?.key).toBe("cron");
  expect(fault("hourly")?.key).toBe("cron");
  expect(fault("2026-01-01T00:00:00")?.key).toBe("cron");
  expect(fault("0 0 31 2 *")?.message).toBe('"0 0 31 2 *" never occurs');
  expect(fault("* * * * *", "Mars/Olympus")?.key).toBe("timezone");
  expect(fault("* * * * *", "+02:00")?.key).toBe("timezone");
});

Deno.test("startsAfter() and lastStart() agree, and jitter never reaches the next tick", () => {
  const jittered = schedule("*/5 * * * *", { jitterSeconds: 3600 });
  let moment = at("2026-03-01T00:00");
  const shares = new Set<number>();
  for (let count = 0; count < 200; count++) {
    const [{ tick, at: start }] = startsAfter("trips", jittered, moment, 1);
    const wait = start.getTime() - tick.getTime();
    expect(wait).toBeGreaterThanOrEqual(0);
    expect(wait).toBeLessThanOrEqual(150_000);
    expect(lastStart("trips", jittered, start)).toEqual({ tick, at: start });
    expect(lastStart("trips", jittered, new Date(start.getTime() - 1))?.tick)
      .toEqual(new Date(tick.getTime() - 300_000));
    shares.add(wait);
    moment = start;
  }
  expect(shares.size).toBeGreaterThan(190);
});

Deno.test("startsAfter() spreads pipelines that share a schedule", () => {
  const nightly = schedule("0 0 * * *", { jitterSeconds: 600 });
  const waits = Array.from({ length: 1000 }, (_, index) => {
    const [{ tick, at: start }] = startsAfter(`p${index}`, nightly, at("2026-03-01T12:00"), 1);
    return (start.getTime() - tick.getTime()) / 1000;
  });
  for (let tenth = 0; tenth < 10; tenth++) {
    const inside = waits.filter((wait) => wait >= tenth * 60 && wait < tenth * 60 + 60).length;
    expect(inside).toBeGreaterThan(50);
    expect(inside).toBeLessThan(160);
  }
});

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
