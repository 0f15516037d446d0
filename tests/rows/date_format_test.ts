import { expect } from "packages/expect.ts";
import { ambiguityOf } from "../../src/spec/coherence/date_ambiguity.ts";
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
      ["time", "h:mm a", "12:30 p.m.", "12:30:00.000"],
      // Names, in any case.
      ["date", "dd-MMM-yyyy", "05-Jan-2021", "2021-01-05"],
      ["date", "dd-MMM-yy", "05-DEC-69", "2069-12-05"],
      ["date", "MMM d, yyyy", "may 5, 2021", "2021-05-05"],
      ["date", "d MMMM yyyy", "5 September 2021", "2021-09-05"],
      ["date", "dMMMyyyy", "5Sep2021", "2021-09-05"],
      ["date", "EEE, d MMM yyyy", "Tue, 5 Jan 2021", "2021-01-05"],
      ["date", "EEEE d/M/yyyy", "saturday 1/1/2000", "2000-01-01"],
      ["date", "EEE d/M/yyyy", "Fri 31/12/1999", "1999-12-31"],
      // Parts that may be left out.
      ["timestamp", "yyyy-MM-dd[ HH:mm[:ss[.S]]]", "2021-01-05", "2021-01-05T00:00:00.000"],
      ["timestamp", "yyyy-MM-dd[ HH:mm[:ss[.S]]]", "2021-01-05 10:11", "2021-01-05T10:11:00.000"],
      [
        "timestamp",
        "yyyy-MM-dd[ HH:mm[:ss[.S]]]",
        "2021-01-05 10:11:12.5",
        "2021-01-05T10:11:12.500",
      ],
      ["date", "[EEE ]yyyyMMdd", "20210105", "2021-01-05"],
      ["date", "'['yyyy']'", "[2021]", "2021-01-01"],
      // Counts.
      ["timestamp", "epoch", "1609804800", "2021-01-05T00:00:00.000"],
      ["timestamp", "epoch", "1609804800.5", "2021-01-05T00:00:00.500"],
      ["timestamp", "epoch", "-0.25", "1969-12-31T23:59:59.750"],
      ["timestamp", "epoch", "0", "1970-01-01T00:00:00.000"],
      ["timestamp", "epoch_ms", "1609804800123", "2021-01-05T00:00:00.123"],
      ["timestamp", "epoch_ms", "-1", "1969-12-31T23:59:59.999"],
      ["timestamp", "epoch_us", "1609804800123456", "2021-01-05T00:00:00.123"],
      ["timestamp", "epoch_ns", "1609804800999999500", "2021-01-05T00:00:01.000"],
      ["date", "epoch", "1609891199", "2021-01-05"],
      ["date", "epoch", "-1", "1969-12-31"],
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
      ["date", "dd-MMM-yyyy", "05-January-2021"],
      ["date", "dd-MMM-yyyy", "05-Mai-2021"],
      ["date", "dd-MMMM-yyyy", "05-Jan-2021"],
      ["date", "EEE, d MMM yyyy", "Mon, 5 Jan 2021"],
      ["timestamp", "yyyy-MM-dd[ HH:mm[:ss]]", "2021-01-05 10"],
      ["timestamp", "yyyy-MM-dd[ HH:mm[:ss]]", "2021-01-05 "],
      ["timestamp", "epoch", "1609804800 "],
      ["timestamp", "epoch", "1.6e9"],
      ["timestamp", "epoch", "1609804800."],
      ["timestamp", "epoch", ".5"],
      ["timestamp", "epoch", "-"],
      ["timestamp", "epoch", ""],
      ["timestamp", "epoch", "1609804800123"],
      ["timestamp", "epoch_ms", "99999999999999999999"],
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
      ["date", "yyyy-MM-dd["],
      ["date", "yyyy-MM-dd]"],
      ["date", "[yyyy-]MM-dd"],
      ["timestamp", "yyyy-MM-dd[ HH][:mm]"],
      ["timestamp", "yyyy-MM-dd [dd]"],
      ["timestamp", "yyyy-MM-dd HH:mm Z"],
      ["timestamptz", "yyyy-MM-dd Z"],
      ["date", "EEE yyyy"],
      ["time", "epoch"],
      ["date", "%d/%m/%Y"],
      ["date", "[a][a]".repeat(5) + "yyyy"],
    ]
  ) expect([format, formatFault(format, type)]).toEqual([format, expect.any(String)]);
});

Deno.test("format: naive times of timestamptz are in the column's zone", () => {
  const options = { format: "dd/MM/yyyy HH:mm", timezone: "Europe/Berlin" };
  expect(readAs("timestamptz", "01/07/2021 12:00", options)).toBe("2021-07-01T10:00:00.000");
});

Deno.test("format: an offset goes before the column's zone, and epochs have none", () => {
  const read = (format: string, text: string) =>
    readAs("timestamptz", text, { format, timezone: "Europe/Berlin" });
  for (
    const [text, value] of [
      ["05/01/2021 10:00 +01:00", "2021-01-05T09:00:00.000"],
      ["05/01/2021 10:00 -0130", "2021-01-05T11:30:00.000"],
      ["05/01/2021 10:00 +03", "2021-01-05T07:00:00.000"],
      ["05/01/2021 10:00 Z", "2021-01-05T10:00:00.000"],
      ["05/01/2021 10:00 GMT", "2021-01-05T10:00:00.000"],
      ["05/01/2021 10:00", "2021-01-05T09:00:00.000"],
      ["05/01/2021 10:00 CET", "invalid_timestamptz"],
      ["05/01/2021 10:00 +25:00", "invalid_timestamptz"],
      ["05/01/2021 10:00 +01:", "invalid_timestamptz"],
      ["05/01/2021 10:00 +1", "invalid_timestamptz"],
    ]
  ) expect([text, read("dd/MM/yyyy HH:mm[ Z]", text)]).toEqual([text, value]);
  expect(read("Z dd/MM/yyyy HH:mm", "-0130 05/01/2021 10:00")).toBe("2021-01-05T11:30:00.000");
  expect(read("epoch", "1609804800")).toBe("2021-01-05T00:00:00.000");
});

Deno.test("format: of a list the first that fits reads", () => {
  const format = ["yyyy-MM-dd", "M/d/yyyy", "MMM d yyyy"];
  for (const text of ["2021-01-05", "1/5/2021", "Jan 5 2021"]) {
    expect([text, readAs("date", text, { format })]).toEqual([text, "2021-01-05"]);
  }
  expect(encodeText("date", "5.1.2021", { format })).toBe("invalid_date");
});

Deno.test("format: a list in which a text has two meanings is refused, with the text", () => {
  for (
    const [...formats] of [
      ["dd/MM/yyyy", "MM/dd/yyyy"],
      ["d/M/yy", "M/d/yyyy", "yy/M/d"],
      ["yyyyMMdd", "ddMMyyyy"],
      ["epoch", "epoch_ms"],
      ["yyyyMMdd", "epoch"],
      ["yyyyMM[dd][HH]"],
      ["yyyy-MM-dd HH:mm", "yyyy-dd-MM HH:mm"],
    ]
  ) expect([formats, ambiguityOf(formats)]).toEqual([formats, expect.anything()]);
  for (
    const formats of [
      ["dd/MM/yyyy", "d/M/yyyy", "dd/MM/yy"],
      ["dd/MM/yyyy", "MM-dd-yyyy", "yyyy-MM-dd"],
      ["MMM d, yyyy", "d MMM yyyy", "yyyy"],
      ["yyyy-MM-dd[ HH:mm[:ss[.S]]]", "dd.MM.yyyy[ HH:mm]"],
    ]
  ) expect([formats, ambiguityOf(formats)]).toEqual([formats, null]);
});
