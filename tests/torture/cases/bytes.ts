import { bad, other, row } from "../layout.ts";
import type { TortureCase } from "../torture_case.ts";

const HEADER = other("id,name\n");

/** Bytes that are no text, and texts that somebody may take for more than texts. */
export const BYTES: readonly TortureCase[] = [
  {
    name: "NUL bytes in a text, in a number, in quotes, and as a record of their own",
    pieces: [
      HEADER,
      bad(["1,o", 0, "ne\n"], "nul_byte", "name"),
      bad(["2", 0, ",two\n"], "invalid_integer", "id"),
      bad(['3,"', 0, '"\n'], "nul_byte", "name"),
      bad([0, 0, 0, 0, "\n"], "too_few_fields"),
      bad(["4,four", 0], "nul_byte", "name"),
    ],
  },
  {
    name: "bytes that are no UTF-8 in a text and in a number",
    pieces: [
      HEADER,
      // Latin-1.
      bad(["1,caf", 0xe9, "\n"], "invalid_utf8", "name"),
      bad(["2,caf", 0xe9, "s\n"], "invalid_utf8", "name"),
      bad([0xff, 0xfe, ",two\n"], "invalid_integer", "id"),
      // A byte that only continues others; a character cut; one written too long.
      bad(["3,", 0x80, "\n"], "invalid_utf8", "name"),
      bad(["4,", 0xe2, 0x82, "\n"], "invalid_utf8", "name"),
      bad(["5,", 0xc0, 0x80, "\n"], "invalid_utf8", "name"),
      bad(["6,", 0xe0, 0x80, 0xaf, "\n"], "invalid_utf8", "name"),
      // Beyond U+10FFFF, and a byte that never occurs.
      bad(["7,", 0xf4, 0x90, 0x80, 0x80, "\n"], "invalid_utf8", "name"),
      bad(["8,", 0xf8, 0x88, 0x80, 0x80, 0x80, "\n"], "invalid_utf8", "name"),
      row("9,café\n", "9", "café"),
    ],
  },
  {
    name: "halves of surrogate pairs, written as UTF-8 has them not (WTF-8, CESU-8)",
    pieces: [
      HEADER,
      bad(["1,", 0xed, 0xa0, 0xbd, "\n"], "invalid_utf8", "name"),
      bad(["2,", 0xed, 0xb8, 0x80, "\n"], "invalid_utf8", "name"),
      bad(["3,", 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, "\n"], "invalid_utf8", "name"),
      row("4,\u{1f600}\n", "4", "\u{1f600}"),
      row(["5,", 0xed, 0x9f, 0xbf, "\n"], "5", "\ud7ff"),
    ],
  },
  {
    name: "a file cut in the middle of a character",
    pieces: [HEADER, row("1,é\n", "1", "é"), bad(["2,", 0xc3], "invalid_utf8", "name")],
  },
  {
    name: "characters that nobody sees stay, and make no other number of digits",
    pieces: [
      HEADER,
      row("1,\u200b\n", "1", "\u200b"),
      row("2,\u00a0two\u00a0\n", "2", "\u00a0two\u00a0"),
      bad("\u00a03,three\n", "invalid_integer", "id"),
      bad("\u200b4,four\n", "invalid_integer", "id"),
      bad("٥,five\n", "invalid_integer", "id"),
      bad("６,six\n", "invalid_integer", "id"),
      // In the middle of a file it is no byte order mark.
      bad("\ufeff7,seven\n", "invalid_integer", "id"),
      row("8,\ufeffeight\n", "8", "\ufeffeight"),
      row("9,e\u0301\u00e9\n", "9", "e\u0301\u00e9"),
    ],
  },
  {
    name: "right to left, emoji, all planes, and the last character there is",
    pieces: [
      HEADER,
      row("1,\u202eevil\u202c مرحبا\n", "1", "\u202eevil\u202c مرحبا"),
      row("2,👩‍👩‍👧‍👦🏳️‍🌈\n", "2", "👩‍👩‍👧‍👦🏳️‍🌈"),
      row("3,\u{10ffff}\uffff\ufffe\ufffd\n", "3", "\u{10ffff}\uffff\ufffe\ufffd"),
    ],
  },
  {
    name: "control characters are data",
    pieces: [
      HEADER,
      row("1,\x01\x02\x07\x08\x1b[31mred\x7f\n", "1", "\x01\x02\x07\x08\x1b[31mred\x7f"),
      row("2,\x0b\x0c\x85\u2028\u2029\n", "2", "\x0b\x0c\x85\u2028\u2029"),
      row("3,\ttab\t\n", "3", "\ttab\t"),
      row("4,\x1a\n", "4", "\x1a"),
      bad("\x1b[2J,clear\n", "invalid_integer", "id"),
    ],
  },
  {
    // Changing them would change data; whoever opens a spreadsheet of it has to mind.
    name: "formulas are kept as they are",
    pieces: [
      HEADER,
      row("1,=1+1\n", "1", "=1+1"),
      row('2,"=HYPERLINK(""http://x"",""y"")"\n', "2", '=HYPERLINK("http://x","y")'),
      row("3,@SUM(A1)\n", "3", "@SUM(A1)"),
      row("-4,-2+3+cmd|' /C calc'!A0\n", "-4", "-2+3+cmd|' /C calc'!A0"),
      row("+5,+5\n", "5", "+5"),
      bad("=6,six\n", "invalid_integer", "id"),
    ],
  },
  {
    name: "SQL and COPY's own signs are kept as they are",
    pieces: [
      HEADER,
      row("1,'); drop table torture.case_0; --\n", "1", "'); drop table torture.case_0; --"),
      row("2,$$ $1 :name ${HOME} {id}\n", "2", "$$ $1 :name ${HOME} {id}"),
      row("3,\\N\n", "3", "\\N"),
      row("4,\\.\n", "4", "\\."),
      bad("\\.\n", "too_few_fields"),
      bad("1; select 1,five\n", "invalid_integer", "id"),
      row("6,NULL\n", "6", "NULL"),
    ],
  },
  {
    name: "nothing is trimmed, and blanks are not NULL",
    pieces: [
      HEADER,
      row(" 1 ,  one  \n", "1", "  one  "),
      row("2, \n", "2", " "),
      bad(" ,three\n", "invalid_integer", "id"),
    ],
  },
];
