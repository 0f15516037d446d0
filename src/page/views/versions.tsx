import type { Child } from "hono/jsx";
import { formatBytes } from "../../core/format_text.ts";
import type { ColumnSum, PartitionRow, Version, VersionColumn } from "../queries/versions.ts";
import { fullCount, pathTo, pipelinePath } from "../parts/format.ts";
import { PipelineHead, RunButton } from "../parts/layout.tsx";
import { State } from "../parts/state.tsx";
import { CHANGES, Changes, Command, Count, Empty, number, Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/time.tsx";

export interface PartitionsData {
  readonly pipeline: string;
  /** The beginning of their names; empty: all. */
  readonly month: string;
  readonly partitions: readonly PartitionRow[];
  readonly more: boolean;
  readonly mayAct: boolean;
}

/** View 4, its beginning: the partitions of a pipeline. */
export function PartitionsView(
  { data, now }: { readonly data: PartitionsData; readonly now: Date },
) {
  const { pipeline, month, partitions, more, mayAct } = data;
  return (
    <>
      <PipelineHead pipeline={pipeline} view="versions">
        {mayAct ? <RunButton pipeline={pipeline} /> : null}
      </PipelineHead>
      {month === "" ? null : (
        <p>
          Partitions of {month}. <a href={pipelinePath(pipeline, "versions")}>Show all</a>
        </p>
      )}
      {partitions.length === 0 ? <NothingLoaded pipeline={pipeline} /> : (
        <Table
          caption={`Partitions of ${pipeline}, the last one first`}
          wide
          head={["Partition", number("Live version"), number("Rows"), "Published", number("Kept")]}
        >
          {partitions.map(({ partition, live, rows, published_at, retained }) => (
            <tr>
              <th scope="row">
                <a href={pipelinePath(pipeline, "versions", { partition })}>
                  {partition ?? "whole table"}
                </a>
              </th>
              <Count of={live} />
              <Count of={rows} />
              <td>
                <Ago at={published_at} now={now} />
              </td>
              <Count of={retained} />
            </tr>
          ))}
        </Table>
      )}
      {more
        ? (
          <p>
            <a
              href={pipelinePath(pipeline, "versions", {
                month,
                before: partitions.at(-1)!.partition,
              })}
            >
              Earlier partitions
            </a>
          </p>
        )
        : null}
    </>
  );
}

function NothingLoaded({ pipeline }: { readonly pipeline: string }) {
  return (
    <Empty title="Nothing of it has been published">
      <p>Load it, then look again:</p>
      <Command lines={[`run pipelines/${pipeline}.yaml`]} />
    </Empty>
  );
}

/** Two versions side by side. */
export interface Comparison {
  readonly a: Version;
  readonly b: Version;
  /** Null: the version has no table any more. */
  readonly columns: Readonly<Record<"a" | "b", readonly VersionColumn[] | null>>;
  /** Null: nobody asked for them. */
  readonly sums: Readonly<Record<"a" | "b", ReadonlyMap<string, ColumnSum>>> | null;
  readonly tooSlow: boolean;
}

export interface VersionsData {
  readonly pipeline: string;
  readonly partition: string | null;
  readonly versions: readonly Version[];
  /** Null: there are not two. */
  readonly comparison: Comparison | null;
  readonly mayAct: boolean;
}

/** View 4: the versions of one partition, and what differs between two of them. */
export function VersionsView({ data, now }: { readonly data: VersionsData; readonly now: Date }) {
  const { pipeline, partition, versions, comparison, mayAct } = data;
  const merged = versions.some((version) => version.merged);
  return (
    <>
      <PipelineHead pipeline={pipeline} view="versions">
        {mayAct ? <RunButton pipeline={pipeline} partition={partition} /> : null}
      </PipelineHead>
      {partition === null ? null : <h2>Partition {partition}</h2>}
      {versions.length === 0 ? <NothingLoaded pipeline={pipeline} /> : (
        <Table
          caption="Versions, the newest first"
          wide
          head={[
            number("Version"),
            "State",
            number("Rows"),
            ...(merged ? CHANGES : []),
            number("Bytes"),
            "Published",
            "Ago",
            "Run",
            ...(mayAct ? ["Action"] : []),
          ]}
        >
          {versions.map((each) => (
            <tr>
              <th scope="row" class="number">{each.version}</th>
              <td>
                <State state={each.state} />
              </td>
              <Count of={each.rows} />
              {merged ? <Changes of={each} /> : null}
              <td class="number">{each.bytes === null ? "–" : formatBytes(Number(each.bytes))}</td>
              <td>
                <At at={each.published_at} />
              </td>
              <td>
                <Ago at={each.published_at} now={now} />
              </td>
              <td>
                <a href={`/run/${each.run_id}`}>{each.run_id.slice(0, 8)}</a>
              </td>
              {mayAct
                ? (
                  <td class="nowrap">
                    {each.state === "retained" || each.state === "rolled_back"
                      ? (
                        <a
                          href={pipelinePath(pipeline, "rollback", {
                            partition,
                            to: each.version,
                          })}
                        >
                          Put back …
                        </a>
                      )
                      : null}
                  </td>
                )
                : null}
            </tr>
          ))}
        </Table>
      )}
      {comparison === null ? null : (
        <Differences
          pipeline={pipeline}
          partition={partition}
          versions={versions}
          of={comparison}
        />
      )}
    </>
  );
}

function Differences(
  { pipeline, partition, versions, of }: {
    readonly pipeline: string;
    readonly partition: string | null;
    readonly versions: readonly Version[];
    readonly of: Comparison;
  },
) {
  const { a, b, columns, sums, tooSlow } = of;
  const choice = (name: string, chosen: Version) => (
    <select name={name} aria-label={name === "a" ? "Earlier version" : "Later version"}>
      {versions.map(({ version }) => (
        <option value={String(version)} selected={version === chosen.version}>
          version {version}
        </option>
      ))}
    </select>
  );
  return (
    <section id="differences" aria-label="Differences">
      <h2>What differs</h2>
      <form
        class="filter"
        method="get"
        action={`${pipelinePath(pipeline, "versions")}#differences`}
      >
        {partition === null ? null : <input type="hidden" name="partition" value={partition} />}
        {choice("a", a)} and {choice("b", b)}
        <button type="submit">Compare</button>
      </form>
      <Table
        caption={`Version ${a.version} and version ${b.version}`}
        wide
        head={["What", `Version ${a.version}`, `Version ${b.version}`, "Difference"]}
      >
        <Pair
          name="Rows"
          a={fullCount(a.rows)}
          b={fullCount(b.rows)}
          isNumber
          difference={signed(Number(b.rows) - Number(a.rows))}
        />
        <Pair name="Bytes of the source" a={bytes(a)} b={bytes(b)} isNumber />
        <Pair name="Digest of the source" a={short(a.sha256)} b={short(b.sha256)} />
        <Pair name="Source" a={a.source_url} b={b.source_url} />
        <Pair name="Last modified" a={a.last_modified} b={b.last_modified} />
        <Pair name="Pipeline file" a={short(a.spec_hash)} b={short(b.spec_hash)} />
      </Table>
      <h3>Columns</h3>
      {columns.a === null || columns.b === null
        ? (
          <p class="note">
            Version {columns.a === null ? a.version : b.version}{" "}
            has no table any more: its columns are not known.
          </p>
        )
        : (
          <>
            <ColumnTable a={columns.a} b={columns.b} sums={sums} />
            {sums !== null ? null : (
              <p>
                {tooSlow ? "Summing all values took longer than 5 s, and was given up." : (
                  <a
                    href={`${
                      pathTo(pipelinePath(pipeline, "versions"), {
                        partition,
                        a: a.version,
                        b: b.version,
                        sums: 1,
                      })
                    }#differences`}
                  >
                    Sum the values of both versions
                  </a>
                )}
              </p>
            )}
          </>
        )}
    </section>
  );
}

function ColumnTable(
  { a, b, sums }: {
    readonly a: readonly VersionColumn[];
    readonly b: readonly VersionColumn[];
    readonly sums: Comparison["sums"];
  },
) {
  const names = [...new Set([...b, ...a].map(({ name }) => name))];
  const typeIn = (columns: readonly VersionColumn[], name: string) => {
    const column = columns.find((each) => each.name === name);
    return column === undefined ? null : `${column.type}${column.not_null ? " not null" : ""}`;
  };
  const rows = names.map((name) => ({ name, a: typeIn(a, name), b: typeIn(b, name) }));
  const changed = rows.filter((row) => row.a !== row.b);
  const shown = sums === null ? changed : rows;
  if (shown.length === 0) {
    return <p class="note">The {names.length} columns and their types are the same.</p>;
  }
  return (
    <Table
      caption="Columns of both versions"
      wide
      head={[
        "Column",
        "Type before",
        "Type after",
        ...(sums === null ? [] : [
          number("Values before"),
          number("Values after"),
          number("Sum before"),
          number("Sum after"),
        ]),
      ]}
    >
      {shown.map(({ name, a, b }) => {
        const [before, after] = [sums?.a.get(name), sums?.b.get(name)];
        return (
          <tr>
            <th scope="row">{name}</th>
            <td class={a === b ? "" : "differs"}>{a ?? "no such column"}</td>
            <td class={a === b ? "" : "differs"}>{b ?? "no such column"}</td>
            {sums === null ? null : (
              <>
                <Value of={before?.values} other={after?.values} />
                <Value of={after?.values} other={before?.values} />
                <Value of={before?.sum} other={after?.sum} />
                <Value of={after?.sum} other={before?.sum} />
              </>
            )}
          </tr>
        );
      })}
    </Table>
  );
}

function Value(
  { of, other }: {
    readonly of: number | bigint | string | null | undefined;
    readonly other: number | bigint | string | null | undefined;
  },
) {
  const text = of === null || of === undefined ? "–" : typeof of === "string" ? of : fullCount(of);
  return <td class={`number ${String(of) === String(other) ? "" : "differs"}`}>{text}</td>;
}

function Pair(
  { name, a, b, difference, isNumber = false }: {
    readonly name: string;
    readonly a: string | null;
    readonly b: string | null;
    readonly difference?: Child;
    readonly isNumber?: boolean;
  },
) {
  const same = a === b;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class={isNumber ? "number" : "break"}>{a ?? "–"}</td>
      <td class={isNumber ? "number" : "break"}>{b ?? "–"}</td>
      <td class={same ? "" : "differs"}>{same ? "same" : difference ?? "differs"}</td>
    </tr>
  );
}

function bytes({ bytes }: Version): string | null {
  return bytes === null ? null : formatBytes(Number(bytes));
}

/** Enough of a hash to tell two apart. */
function short(hash: string | null): string | null {
  if (hash === null) return null;
  // What stands before the digits says that it is not one of the whole file.
  return hash.slice(0, hash.indexOf(":") + 1 + 16);
}

function signed(difference: number): string {
  return difference === 0
    ? "same"
    : `${difference > 0 ? "+" : "−"}${fullCount(Math.abs(difference))}`;
}
