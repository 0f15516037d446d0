import { expect } from "packages/expect.ts";
import type { Diagnostic } from "../../src/core/diagnostic.ts";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";

/** A diagnostic that marks `marked` in a line. */
function marking(source: string, marked: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const column = source.indexOf(marked) + 1;
  const start = { line: 7, column, offset: column - 1 };
  const end = { line: 7, column: column + marked.length, offset: column - 1 + marked.length };
  const message = `"${marked}" is wrong`;
  return {
    code: "spec/x",
    severity: "error",
    message,
    file: "a.yaml",
    start,
    end,
    source,
    ...more,
  };
}

Deno.test("renderDiagnostic tells the place, shows the line and what to do", () => {
  expect(renderDiagnostic(marking("  type: txet", "txet", { hint: 'Did you mean "text"?' }))).toBe(
    `a.yaml:7:9: error[spec/x]: "txet" is wrong
  |
7 |   type: txet
  |         ^^^^
  = help: Did you mean "text"?`,
  );
});

Deno.test("renderDiagnostic keeps tabs, so that the caret stands under its place", () => {
  const [, , line, caret] = renderDiagnostic(marking("\ta:\tb", "b")).split("\n");
  expect(line).toBe("7 | \ta:\tb");
  expect(caret).toBe("  | \t  \t^");
});

Deno.test("renderDiagnostic counts wide and combining characters as a terminal does", () => {
  const [, , , caret] = renderDiagnostic(marking("名前: 日本", "日本")).split("\n");
  expect(caret).toBe("  |       ^^^^");
  const [, , , accent] = renderDiagnostic(marking("e\u0301te\u0301: 🚕x", "🚕x")).split("\n");
  expect(accent).toBe("  |      ^^^");
});

Deno.test("renderDiagnostic shows the part of a long line around the place", () => {
  const source = `${"🚕".repeat(150)}here${"x".repeat(500)}`;
  const [, , line, caret] = renderDiagnostic(marking(source, "here")).split("\n");
  expect(line.isWellFormed()).toBe(true);
  expect(line).toMatch(/^7 \| …(🚕)+here(x)+…$/u);
  expect(line.length).toBeLessThan(180);
  // The ellipsis takes one column, each taxi two.
  expect(caret.indexOf("^")).toBe("7 | …".length + 2 * (line.match(/🚕/gu)!.length));
  expect(caret.trimEnd().endsWith(" ^^^^")).toBe(true);
});

Deno.test("renderDiagnostic marks to the end of the line what goes on below it", () => {
  const diagnostic = marking("a: [b,", "[b,");
  const below = { ...diagnostic, end: { line: 9, column: 2, offset: 30 } };
  expect(renderDiagnostic(below).split("\n")[3]).toBe("  |    ^^^");
});

Deno.test("renderDiagnostic lets no file write to the terminal", () => {
  const text = renderDiagnostic(marking("a: \x1b[2J\u202eb", "b", {
    message: "bad \x07\x9b",
    hint: "x\ny",
    file: "a\x1b.yaml",
  }));
  // deno-lint-ignore no-control-regex
  expect(text.replaceAll("\n", "")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  expect(text.split("\n").length).toBe(5);
});

Deno.test("renderDiagnostic leaves colors to the caller", () => {
  const painted = renderDiagnostic(
    marking("a: b", "b", { hint: "c" }),
    (text, role) => `<${role}>${text}</${role}>`,
  );
  for (const role of ["error", "code", "caret", "hint", "position"]) {
    expect(painted).toContain(`</${role}>`);
  }
});
