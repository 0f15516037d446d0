import { bad, other, row } from "../layout.ts";
import type { TortureCase } from "../torture_case.ts";

const IGNORE_NEW = "schema_contract: { new_columns: discard_value }";

/** Headers that are not what they seem. */
export const HEADERS: readonly TortureCase[] = [
  {
    name: "a byte order mark before the header: offsets count it",
    pieces: [
      other([0xef, 0xbb, 0xbf, "id,name\r\n"]),
      row("1,one\r\n", "1", "one"),
      bad("two,2\r\n", "invalid_integer", "id"),
    ],
  },
  {
    name: "a byte order mark before a header in quotes",
    pieces: [
      other([0xef, 0xbb, 0xbf, '"id","name"\n']),
      bad("1\n", "too_few_fields"),
      row("2,two\n", "2", "two"),
    ],
  },
  {
    name: "two byte order marks, of which the second belongs to the name",
    pieces: [other("\ufeff\ufeffid,name\n"), other("1,one\n")],
    error: { code: "rows/schema_mismatch", says: ['the file lacks "id"', '"\\ufeffid"'] },
  },
  {
    name: "headers in quotes, with delimiters, quotes and line ends in them",
    columns:
      '{ id: { from: "the ""id"", here", type: integer }, name: { from: "na\\nme", type: text } }'
        .replaceAll('""', '\\"'),
    pieces: [
      other('"the ""id"", here","na\nme"\n'),
      row("1,one\n", "1", "one"),
      bad("x,two\n", "invalid_integer", "id"),
    ],
  },
  {
    name: "headers in another case and with blanks are other headers",
    pieces: [other("ID, name\n"), other("1,one\n")],
    error: {
      code: "rows/schema_mismatch",
      says: ['the file lacks "id", "name"', 'does not know "ID", " name"'],
    },
  },
  {
    name: "headers with characters that nobody sees are other headers",
    pieces: [other("id\u200b,name\n"), other("1,one\n")],
    error: { code: "rows/schema_mismatch", says: ['the file lacks "id"'] },
  },
  {
    name: "a header twice, and a column that reads it",
    settings: IGNORE_NEW,
    pieces: [other("id,name,name\n"), other("1,one,uno\n")],
    error: {
      code: "rows/duplicate_header",
      says: ['Column "name" reads field "name", which the header names more than once'],
    },
  },
  {
    name: "a header twice that no column reads",
    settings: IGNORE_NEW,
    pieces: [
      other("x,id,x,name,x\n"),
      row(",1,,one,\n", "1", "one"),
      bad("1,one\n", "too_few_fields"),
    ],
  },
  {
    name: "headers without a name, which no column reads",
    settings: IGNORE_NEW,
    pieces: [other(",id,,name,\n"), row("a,1,b,one,c\n", "1", "one")],
  },
  {
    name: "a header without a name that the pipeline does not know",
    pieces: [other("id,name,\n"), other("1,one,\n")],
    error: {
      code: "rows/schema_mismatch",
      says: ["the pipeline does not know field 3, which has no name"],
    },
  },
  {
    name: "a header that is no UTF-8",
    pieces: [other(["id,caf", 0xe9, "\n"]), other("1,one\n")],
    error: { code: "source/wrong_encoding", says: ["Field 2 of the header is not UTF-8"] },
  },
  {
    name: "UTF-16 with its mark, in either order",
    pieces: [other([0xff, 0xfe, "i", 0, "d", 0, "\n", 0])],
    error: { code: "source/wrong_encoding", says: ["is UTF-16: expected UTF-8"] },
  },
  {
    name: "UTF-16 without a mark",
    pieces: [other(["i", 0, "d", 0, ",", 0, "n", 0, "\n", 0, "1", 0, ",", 0, "x", 0, "\n", 0])],
    error: { code: "source/wrong_encoding", says: ["is UTF-16: expected UTF-8"] },
  },
  {
    name: "a NUL byte in a header that no column reads, and a reject behind it",
    settings: IGNORE_NEW,
    pieces: [
      other(["id,x", 0, "y,name\n"]),
      row("1,,one\n", "1", "one"),
      bad("two,,2\n", "invalid_integer", "id"),
    ],
  },
  {
    name: "a quote in the header that is never closed",
    pieces: [other('id,"name\n1,one\n2,two\n')],
    error: { code: "source/malformed_header", says: ["on line 1", "never closed"] },
  },
  {
    name: "text behind a closing quote in the header",
    pieces: [other('id,"na"me\n1,one\n')],
    error: { code: "source/malformed_header", says: ["on line 1", "Text follows"] },
  },
  {
    name: "empty lines before the header",
    pieces: [
      other("\r\n\n\nid,name\n"),
      bad("x,1\n", "invalid_integer", "id"),
      row("1,one", "1", "one"),
    ],
  },
  {
    name: "lines skipped before the header, with quotes and bytes of any kind in them",
    format: "skip_lines: 2",
    pieces: [
      other(['Report "of, \r\n', 0xff, 0, '"\n', "id,name\n"]),
      row("1,one\n", "1", "one"),
      bad("2\n", "too_few_fields"),
    ],
  },
  {
    name: "more lines skipped than there are",
    format: "skip_lines: 20",
    pieces: [other("id,name\n1,one\n")],
    error: { code: "source/empty_file", says: ["The file ends before its header"] },
  },
  {
    name: "the header again in the middle of the file, as joined files have it",
    pieces: [
      other("id,name\n"),
      row("1,one\n", "1", "one"),
      bad("id,name\n", "invalid_integer", "id"),
      row("2,two\n", "2", "two"),
    ],
  },
  {
    name: "names that are words of SQL and of JavaScript",
    columns:
      '{ select: integer, constructor: text, __proto__x: text, toString: text, "a\\"b": text }',
    pieces: [
      other('select,constructor,__proto__x,toString,"a""b"\n'),
      row("1,a,b,c,d\n", "1", "a", "b", "c", "d"),
      bad("x,a,b,c,d\n", "invalid_integer", "select"),
    ],
  },
];
