import { CODEC_NAMES, CODEC_WORDS } from "../../core/codecs.ts";
import { formatSchema } from "../formats/mod.ts";
import { durationSeconds, looseName, looseText, seconds } from "./text.ts";
import { z } from "../zod.ts";

/** A day, in seconds: timers take no more than 24 of them. */
const MAX_TIMEOUT = 86_400;

/** `source:` */
export const sourceSchema = z.strictObject({
  url: z.union([looseName(), z.array(looseName()).min(1)]).describe(
    "Path, relative to this file, or URL, or several; `{name}` is a variable or a placeholder such as `{month}`",
  ).meta({
    words: ["stream", "streams", "path", "uri", "location", "file", "urls", "paths", "files"],
    standIn: "file",
  }),
  table: z.string().regex(/^[^.\0]+(\.[^.\0]+)?$/, 'Expected "schema.table"').exactOptional()
    .describe("Of a database: the table or view to read, `schema.table`; `public` when left out")
    .meta({ words: ["source_table", "object"] }),
  query: looseText().min(1).exactOptional()
    .describe("Of a database: one SELECT; `{month:start}` and such are values of the partition")
    .meta({ words: ["sql", "custom_sql", "select"] }),
  format: formatSchema.default("csv").describe("How the file is written").meta({ rows: true }),
  compression: z.enum(["auto", "none", ...CODEC_NAMES]).default("auto")
    .describe("How the file is compressed; `auto` looks at its first bytes")
    .meta({ values: CODEC_WORDS, later: /^(br|brotli|lz4|snappy)$/ }),
  members: looseName().exactOptional()
    .describe("Which files of a zip archive are loaded, such as `*.csv`; left out: its only one")
    .meta({ words: ["member", "archive_path", "inner_path"] }),
  checksum: looseName().exactOptional()
    .describe("SHA-256 of the stored file, or the path or URL of a list as `sha256sum` writes it")
    .meta({ rows: false, words: ["sha256", "digest", "hash"] }),
  headers: z.record(z.string(), looseText()).default({})
    .describe("HTTP headers; `${NAME}` is an environment variable and is never printed").meta({
      rows: false,
    }),
  retries: z.int().min(0).max(100).default(5).describe("Attempts after the first one").meta({
    rows: false,
  }),
  timeout: seconds(z.union([
    z.string().regex(/^[1-9]\d{0,5}[smh]$/, 'Expected a duration such as "30s"').refine(
      (text) => !(durationSeconds(text) > MAX_TIMEOUT),
      'Expected a duration such as "30s", at most 24h',
    ),
    z.int().min(1).max(MAX_TIMEOUT),
  ])).prefault("30s").describe(
    "Longest wait without a byte: `30s`, `5m`, `1h`, or seconds; at most 24h",
  ).meta({ rows: false }),
  per_host: z.int().min(1).max(64).exactOptional().describe(
    "Files read from its host at once, by all pipelines of the process; left out: 6 over HTTP and " +
      "SFTP, any number from stores and databases",
  ).meta({ rows: false, words: ["max_connections", "connections_per_host", "rate_limit"] }),
}).describe("Where the data comes from").meta({ standIn: { url: "file" } });
