import { expect } from "packages/expect.ts";
import { bindHook, hookFault, hookStatement } from "../../src/core/hook_sql.ts";
import { edited, load } from "./support.ts";

const hooks = (text: string) => edited(["refresh:", `hooks:\n${text}\nrefresh:`]);

Deno.test("a hook is a statement or a list of them, each with its line", () => {
  const { spec, diagnostics } = load(hooks(
    `  before_load: select 1
  after_publish:
    - grant select on shop.t to reader;
    - call f(:run_id)
  on_failure: []`,
  ));
  expect(diagnostics).toEqual([]);
  expect(spec?.hooks).toEqual({
    before_load: [{ sql: "select 1", line: 19 }],
    after_publish: [
      { sql: "grant select on shop.t to reader;", line: 21 },
      { sql: "call f(:run_id)", line: 22 },
    ],
    on_failure: [],
  });
});

Deno.test("hooks are no part of the hash: changing them loads nothing again", () => {
  expect(load(hooks("  before_load: select 1")).spec?.hash).toBe(load(edited()).spec?.hash);
});

/** What no hook can do: its text, the part that is marked, and a word of the message or hint. */
const REFUSED: readonly (readonly [sql: string, part: string, word: string])[] = [
  ["begin", "begin", "BEGIN ends, begins or parts a transaction"],
  ["COMMIT", "COMMIT", "COMMIT ends"],
  ["commit;", "commit", "COMMIT ends"],
  ["/* x */ rollback to savepoint s", "rollback", "ROLLBACK"],
  ["-- x\nSavepoint s", "Savepoint", "SAVEPOINT"],
  ["start transaction", "start", "START"],
  ["end", "end", "END"],
  ["abort", "abort", "ABORT"],
  ["release s", "release", "RELEASE"],
  ["prepare transaction 'x'", "prepare", "PREPARE"],
  ["copy t from '/etc/passwd'", "copy", "cannot do COPY"],
  ["copy t to program 'sh'", "copy", "cannot do COPY"],
  ["set search_path to x", "set", "cannot do SET"],
  ["set local role x", "set", "SET clause"],
  ["reset all", "reset", "cannot do RESET"],
  ["discard all", "discard", "cannot do DISCARD"],
  ["listen x", "listen", "cannot do LISTEN"],
  ["load 'x'", "load", "cannot do LOAD"],
  ["execute x", "execute", "cannot do EXECUTE"],
  ["declare c cursor for select 1", "declare", "cannot do DECLARE"],
  ["vacuum t", "vacuum", "autovacuum"],
  ["checkpoint", "checkpoint", "cannot do CHECKPOINT"],
  ["create index concurrently i on t (a)", "create", "does not do this in a transaction"],
  ["create unique index concurrently i on t (a)", "create", "in a transaction"],
  ["drop index concurrently i", "drop", "in a transaction"],
  ["reindex table concurrently t", "reindex", "in a transaction"],
  ["create database x", "create", "in a transaction"],
  ["alter system set work_mem to '1'", "alter", "in a transaction"],
  ["alter table t detach partition p concurrently", "alter", "in a transaction"],
  ["select 1; select 2", "; select 2", '";" ends the statement'],
  ["select 1;; ", ";", '";" ends the statement'],
  ["select 'a", "'a", "never closed"],
  ["select (1", "(1", "never closed"],
  ["select $$ x", "$$ x", "never closed"],
  ["-- nothing", "-- nothing", "there is no statement"],
  [";", ";", "there is no statement"],
  ["select :run", ":run", "there is no parameter"],
  ["select :rows_loded", ":rows_loded", 'Did you mean ":rows_loaded"?'],
  ["select :RUN_ID", ":RUN_ID", 'Did you mean ":run_id"?'],
  ["select ':run_id'", ":run_id", "stands in quotes"],
  ["do $$ begin perform f(:run_id); end $$", ":run_id", "stands in quotes"],
  ["select $1, :run_id", "$1", "parameters have names"],
  ["grant select on t to :target", ":target", "no parameters to GRANT"],
  ["notify x, :error", ":error", "no parameters to NOTIFY"],
];

for (const [sql, part, word] of REFUSED) {
  Deno.test(`no hook: ${sql}`, () => {
    for (const hook of ["before_load", "after_publish", "on_failure"]) {
      for (const list of [true, false]) {
        const value = JSON.stringify(sql);
        const text = hooks(`  ${hook}: ${list ? `[select 1, ${value}]` : value}`);
        const { spec, diagnostics } = load(text);
        expect(spec).toBe(null);
        const [{ code, message, hint, start, end }] = diagnostics;
        expect(code).toBe("spec/bad_sql");
        expect(message).toMatch(new RegExp(`^Hook "${hook}" cannot run: `));
        expect(`${message} ${hint}`).toContain(word);
        const marked = text.slice(start.offset, end.offset);
        const written = JSON.stringify(part).slice(1, -1);
        expect([written, value, JSON.stringify(`${sql}`)]).toContain(marked);
      }
    }
  });
}

Deno.test("what a hook can do is not refused", () => {
  for (
    const sql of [
      "select 1",
      "  -- why\n insert into a.b values (:run_id, :rows_loaded::text)",
      "WITH x AS (SELECT 1) SELECT * FROM x",
      "(select 1) union (select 2)",
      "call p(x => :error)",
      "refresh materialized view concurrently a.b",
      "grant select on a.b to c",
      "create index on a.b (c)",
      "do $$ begin perform 1; end $$",
      "select a[1:n] from a.b",
      "select (a.b)[x:y], '{1}'::int[]",
      "select 'x :run_id y'",
      "values (':', '::run_id')",
      "merge into a.b using a.c on true when matched then delete",
      "truncate a.b;",
      "comment on table a.b is 'commit; rollback'",
      "table a.b",
    ]
  ) expect([sql, hookFault(sql)]).toEqual([sql, null]);
});

Deno.test("facts become parameters with their types, and nothing else changes", () => {
  for (
    const [sql, bound, params] of [
      ["select :run_id", "select $1::pg_catalog.uuid", ["run_id"]],
      [
        "select :error::int, :error",
        "select $1::pg_catalog.text::int, $1::pg_catalog.text",
        ["error"],
      ],
      ["select x::target, ':target', a[1:n]", "select x::target, ':target', a[1:n]", []],
      [
        "select /* :error */ :version -- :error",
        "select /* :error */ $1::pg_catalog.int4 -- :error",
        ["version"],
      ],
      ["select $x$:error$x$, E'\\':error'", "select $x$:error$x$, E'\\':error'", []],
      ["select 1 ; -- x;", "select 1   -- x;", []],
    ] as const
  ) expect([sql, bindHook(sql)]).toEqual([sql, { sql: bound, params }]);
  expect(hookStatement("select ';';  ")).toBe("select ';'   ");
});
