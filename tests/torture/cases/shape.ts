import { bad, other, row } from "../layout.ts";
import type { TortureCase } from "../torture_case.ts";

const HEADER = other("id,name\n");

/** Records of the wrong shape: ragged, cut, unclosed, or hardly there. */
export const SHAPE: readonly TortureCase[] = [
  {
    name: "ragged rows: too few, too many, and delimiters only",
    pieces: [
      HEADER,
      bad("1\n", "too_few_fields"),
      row("2,two\n", "2", "two"),
      bad("3,three,\n", "too_many_fields"),
      bad(",,,,,,,,\n", "too_many_fields"),
      bad(",\n", "required", "id"),
      row("4,\n", "4", null),
    ],
  },
  {
    name: "a delimiter at the end of every line, the header's too",
    columns: "{ id: integer, name: text, nothing: { from: '3', type: text } }",
    format: "header: false",
    pieces: [row("1,one,\n", "1", "one", null), row("2,two,\n", "2", "two", null)],
  },
  {
    name: "a delimiter at the end of every line but the header's",
    pieces: [HEADER, bad("1,one,\n", "too_many_fields"), bad("2,two,\n", "too_many_fields")],
  },
  {
    name: "a file cut in the middle of a row",
    pieces: [HEADER, row("1,one\n", "1", "one"), bad("2", "too_few_fields")],
  },
  {
    // Nobody can know that the value went on: the length of the download has to tell.
    name: "a file cut in the middle of its last value",
    pieces: [HEADER, row("1,one\n", "1", "one"), row("2,tw", "2", "tw")],
  },
  {
    name: "a file cut in the middle of a quoted value",
    pieces: [HEADER, row("1,one\n", "1", "one"), bad('2,"two', "unclosed_quote")],
  },
  {
    name: "a file cut between the two quotes of an escaped one, of which the first then closes",
    pieces: [HEADER, row('1,"one ""two"', "1", 'one "two')],
  },
  {
    name: "an unclosed quote gives back the lines behind it",
    pieces: [
      HEADER,
      row("1,one\n", "1", "one"),
      bad('2,"two\n', "unclosed_quote"),
      row("3,three\n", "3", "three"),
      bad("4\r\n", "too_few_fields"),
      row("5,five\r", "5", "five"),
      row("6,six", "6", "six"),
    ],
  },
  {
    name: "two unclosed quotes close each other: what lies between is one record, if it is one",
    pieces: [
      HEADER,
      bad('1,"one\n', "text_after_quote"),
      row("2,two\r\n", "2", "two"),
      bad('3,"three\n', "text_after_quote"),
      row("4,four\n", "4", "four"),
      row('5,"five\n6,six\n7,"\n', "5", "five\n6,six\n7,"),
      row("8,eight\n", "8", "eight"),
    ],
  },
  {
    name: "text behind a closing quote spoils one line only",
    pieces: [
      HEADER,
      bad('1,"one"x\n', "text_after_quote"),
      bad('2,"two\n', "text_after_quote"),
      bad("lines\r\n", "too_few_fields"),
      bad('" \n', "text_after_quote"),
      bad('3,"a"b"c"\n', "text_after_quote"),
      row("4,four\n", "4", "four"),
    ],
  },
  {
    name: "quotes in the middle of unquoted fields are data",
    pieces: [
      HEADER,
      row('1,5" disk\n', "1", '5" disk'),
      row('2, "two"\n', "2", ' "two"'),
      row('3,a""b\n', "3", 'a""b'),
      row('4,four"\n', "4", 'four"'),
    ],
  },
  {
    name: "quoted line ends, delimiters and quotes are data and count as lines",
    pieces: [
      HEADER,
      row('1,"a\nb\r\nc\rd"\n', "1", "a\nb\r\nc\rd"),
      row('"2","x,""y"""\n', "2", 'x,"y"'),
      row('3,""""\n', "3", '"'),
      bad("4\n", "too_few_fields"),
      row('5,""\n', "5", ""),
    ],
  },
  {
    name: "LF, CRLF and CR in one file, and empty lines of each",
    pieces: [
      other("id,name\r\n"),
      row("1,one\n", "1", "one"),
      row("2,two\r", "2", "two"),
      other("\r"),
      row("3,three\r\n", "3", "three"),
      other("\n"),
      other("\r\n"),
      bad("4\r", "too_few_fields"),
      row("5,five\n", "5", "five"),
      // LF CR is the end of a line and an empty line.
      other("\r"),
      bad("6", "too_few_fields"),
    ],
  },
  {
    name: "CR only",
    pieces: [
      other("id,name\r"),
      row("1,one\r", "1", "one"),
      bad("x,two\r", "invalid_integer", "id"),
    ],
  },
  {
    name: "one row without a line end",
    pieces: [HEADER, row("1,one", "1", "one")],
  },
  {
    name: "a header only",
    pieces: [HEADER],
  },
  {
    name: "a header without a line end, and no row",
    pieces: [other("id,name")],
  },
  {
    name: "an empty file",
    pieces: [],
    error: { code: "source/empty_file", says: ["The file ends before its header"] },
  },
  {
    name: "nothing but a byte order mark",
    pieces: [other([0xef, 0xbb, 0xbf])],
    error: { code: "source/empty_file", says: ["The file ends before its header"] },
  },
  {
    name: "nothing but two bytes of a byte order mark: a header that is no text",
    pieces: [other([0xef, 0xbb])],
    error: { code: "source/wrong_encoding", says: ["Field 1 of the header is not UTF-8"] },
  },
  {
    name: "nothing but line ends",
    pieces: [other("\n\r\n\r\n\n\n")],
    error: { code: "source/empty_file", says: ["The file ends before its header"] },
  },
  {
    name: "an empty file without a header is an empty load",
    format: "header: false",
    pieces: [],
  },
  {
    name: "one column: every line is a record, the empty ones too",
    columns: "{ name: text }",
    pieces: [
      other("name\n"),
      row("one\n", "one"),
      row("\n", null),
      row('""\n', ""),
      bad("two,2\n", "too_many_fields"),
      row("\r\n", null),
      row("last", "last"),
    ],
  },
  {
    name: "rules as the file's rows have it: the first failing column is named",
    columns: "{ a: { type: integer, max: 9 }, b: { type: smallint, required: true }, " +
      "c: { type: text, one_of: [x, y], max_length: 1 } }",
    pieces: [
      other("a,b,c\n"),
      bad("10,,z\n", "above_max", "a"),
      bad("9,,z\n", "required", "b"),
      bad("9,1,z\n", "not_one_of", "c"),
      bad("nine,one,zed\n", "invalid_integer", "a"),
      row("9,1,x\n", "9", "1", "x"),
    ],
  },
];
