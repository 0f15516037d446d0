import { expect } from "expect";
import { formatFault } from "../../src/spec/coherence/date_format.ts";
import { encodeText, readAs } from "./encode_text.ts";

Deno.test("format: reads exactly what it says", () => {
  for (
    const [type, format, text, value] of [
      ["date", "MM/dd/yyyy", "02/29/2020", "2020-02-29"],
      ["date", "M/d/yy", "2/9/69", "2069-02-09"],
      ["date", "M/d/yy", "12/31/70", "1970-12-31"],
      ["date", "yyyyMM", "202102", "2021-02-01"],
      ["date", "yyyy-MM-dd HH:mm", "2021-02-03 23:59", "2021-02-03"],
      ["timestamp", "MM/dd/yyyy HH:mm", "01/31/2021 24:00", "2021-02-01T00:00:00.000"],
      ["timestamp", "dd.MM.yyyy H:mm:ss", "31.01.2021 9:05:06", "2021-01-31T09:05:06.000"],
      ["timestamp", "MM/dd/yyyy hh:mm:ss a", "01/31/2021 12:00:01 am", "2021-01-31T00:00:01.000"],
      ["timestamp", "MM/dd/yyyy hh:mm:ss a", "01/31/2021 12:00:01 PM", "2021-01-31T12:00:01.000"],
      ["timestamp", "MM/dd/yyyy h:mma", "01/31/2021 1:02PM", "2021-01-31T13:02:00.000"],
      [
        "timestamp",
        "yyyyMMdd'at'HHmmss.SSS",
        "20210131at123456.7899996",
        "2021-01-31T12:34:56.790",
      ],
      ["timestamp", "yyyy-MM-ddTHH:mm", "2021-01-31T12:34", "2021-01-31T12:34:00.000"],
      ["timestamp", "yyyy''MM''dd", "2021'01'31", "2021-01-31T00:00:00.000"],
      ["time", "h:mm a", "12:30 AM", "00:30:00.000"],
    ] as const
  ) {
    expect([format, formatFault(format, type)]).toEqual([format, null]);
    expect([format, text, readAs(type, text, { format })]).toEqual([format, text, value]);
  }
});

Deno.test("format: refuses everything else", () => {
  for (
    const [type, format, text] of [
      ["date", "MM/dd/yyyy", "2/29/2020"],
      ["date", "MM/dd/yyyy", "02/30/2020"],
      ["date", "MM/dd/yyyy", "02/29/20200"],
      ["date", "MM/dd/yyyy", "02/29/2020 "],
      ["date", "MM/dd/yyyy", "02-29-2020"],
      ["date", "MM/dd/yyyy", "2020-02-29"],
      ["date", "yyyy-MM-dd", "0000-01-01"],
      ["date", "yyyy-MM-dd", ""],
      ["timestamp", "MM/dd/yyyy hh:mm a", "01/31/2021 13:00 PM"],
      ["timestamp", "MM/dd/yyyy hh:mm a", "01/31/2021 00:00 AM"],
      ["timestamp", "MM/dd/yyyy hh:mm a", "01/31/2021 01:00"],
      ["timestamp", "MM/dd/yyyy HH:mm", "01/31/2021 24:01"],
      ["time", "HH:mm:ss.S", "10:00:00."],
    ] as const
  ) {
    expect([format, text, encodeText(type, text, { format })])
      .toEqual([format, text, `invalid_${type}`]);
  }
});

Deno.test("format: one that would have to guess is refused with the pipeline file", () => {
  for (
    const [type, format] of [
      ["date", "yyyy-mm-dd"],
      ["timestamp", "yyyy-MM-dd HH:MM"],
      ["timestamp", "yyyy-MM-dd hh:mm"],
      ["timestamp", "yyyy-MM-dd HH:mm a"],
      ["timestamp", "yyyy-MM-dd HH:ss"],
      ["timestamp", "yyyy-MM-dd mm"],
      ["timestamp", "HH:mm"],
      ["time", "yyyy-MM-dd"],
      ["date", "yyyy yy"],
      ["timestamp", "yyyy H h a"],
      ["date", "Mdyyyy"],
      ["date", "YYYY-MM-DD"],
    ]
  ) expect([format, formatFault(format, type)]).toEqual([format, expect.any(String)]);
});

Deno.test("format: naive times of timestamptz are in the column's zone", () => {
  const options = { format: "dd/MM/yyyy HH:mm", timezone: "Europe/Berlin" };
  expect(readAs("timestamptz", "01/07/2021 12:00", options)).toBe("2021-07-01T10:00:00.000");
});
