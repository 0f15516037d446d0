/** What a pipeline file calls each compression, and what other tools call it. */
const CODECS = {
  gzip: ["gz"],
  zstd: ["zst", "zstandard"],
  bzip2: ["bz2", "bzip"],
  xz: ["lzma2"],
  zip: ["pkzip"],
} as const;

/** A compression that can be read; `source/codecs/mod.ts` has its codec. */
export type CodecName = keyof typeof CODECS;

export const CODEC_NAMES = Object.keys(CODECS) as [CodecName, ...CodecName[]];

/** `source.compression`: that of the first bytes, none, or the one that the file must have. */
export type Compression = "auto" | "none" | CodecName;

/** Other tools' words for compressions. */
export const CODEC_WORDS: Readonly<Record<string, CodecName>> = Object.fromEntries(
  CODEC_NAMES.flatMap((name) => CODECS[name].map((word) => [word, name])),
);
