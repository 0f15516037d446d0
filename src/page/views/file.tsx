import type { Diagnostic } from "../../core/diagnostic.ts";
import type { ShownFile } from "../../schedule/pipeline_files.ts";
import type { ColumnSpec, ColumnType, PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { ColumnStatistics } from "../queries/columns.ts";
import { Bar } from "../parts/bars.tsx";
import { shortCount } from "../parts/format.ts";
import { PipelineHead } from "../parts/layout.tsx";
import { Command, Empty, Facts, number, Table } from "../parts/table.tsx";

export type FileData =
  | { readonly pipeline: string; readonly file: null }
  | {
    readonly pipeline: string;
    readonly file: string;
    /** The last good version of the file. */
    readonly spec: PipelineSpec;
    /** Without secrets. */
    readonly source: string;
    readonly target: string;
    /** What is wrong with the file as it is now; null: nothing. */
    readonly fault: string | null;
    readonly shown: ShownFile | null;
    /** Of the table; none where it is not there. */
    readonly statistics: readonly ColumnStatistics[];
  };

/** View 8: the pipeline file with what is wrong in it, and its columns. */
export function FileView({ data }: { readonly data: FileData }) {
  if (data.file === null) {
    return (
      <>
        <PipelineHead pipeline={data.pipeline} view="file" />
        <Empty title="No file of the folder has this pipeline">
          <p>What it loaded is in the ledger. To see its file, name the folder that has it:</p>
          <Command lines={["page pipelines/"]} />
        </Empty>
      </>
    );
  }
  const { pipeline, file, spec, source, target, fault, shown, statistics } = data;
  return (
    <>
      <PipelineHead pipeline={pipeline} view="file" />
      {spec.description === null ? null : <p>{spec.description}</p>}
      <Facts
        of={[
          ["File", <code>{file}</code>],
          ["Source", <code>{source}</code>],
          ["Target", <code>{target}</code>],
          ["Refresh", spec.refresh.mode],
          spec.idempotencyKey.length === 0
            ? null
            : ["Key", <code>{spec.idempotencyKey.join(", ")}</code>],
          spec.environment === null ? null : ["Environment", spec.environment],
          [
            "Rejects",
            spec.rejects.limit.kind === "rows"
              ? `up to ${spec.rejects.limit.rows} rows`
              : `up to ${spec.rejects.limit.percent} %`,
          ],
          spec.schedule === undefined ? null : [
            "Schedule",
            <>
              <code>{spec.schedule.cron}</code> {spec.schedule.timezone}
            </>,
          ],
        ]}
      />
      {fault === null ? null : (
        <p class="problem">
          The file is wrong as it is now. Its last good version stays in use.
        </p>
      )}
      <h2>Columns</h2>
      <Columns columns={spec.columns} statistics={statistics} />
      <h2>Text</h2>
      {shown === null
        ? <pre class="diagnostic" tabindex={0}>{fault}</pre>
        : <Source shown={shown} />}
    </>
  );
}

/** A file that no pipeline is served from, with what is wrong in it. */
export function BrokenFileView(
  { file, fault, shown }: {
    readonly file: string;
    readonly fault: string | null;
    readonly shown: ShownFile | null;
  },
) {
  return (
    <>
      <div class="title-row">
        <h1>{file}</h1>
      </div>
      <p class="problem">The file cannot be used: it is not served.</p>
      {shown === null
        ? <pre class="diagnostic" tabindex={0}>{fault}</pre>
        : <Source shown={shown} />}
    </>
  );
}

function Columns(
  { columns, statistics }: {
    readonly columns: readonly ColumnSpec[];
    readonly statistics: readonly ColumnStatistics[];
  },
) {
  const known = new Map(statistics.map((each) => [each.name, each]));
  const declared = new Set(columns.map(({ name }) => name));
  const others = statistics.filter(({ name }) => !declared.has(name));
  return (
    <>
      <Table
        caption="Columns with their types, rules and rates of NULL"
        wide
        head={["Column", "Type", "From", "Rules", "NULL", number("Distinct, about")]}
      >
        {columns.map((column) => (
          <tr>
            <th scope="row">{column.name}</th>
            <td class="nowrap">
              <code>{typeText(column.type)}</code>
            </td>
            <td class="break">
              {column.expression === undefined ? column.from : <code>{column.expression}</code>}
            </td>
            <td class="break">{rulesText(column)}</td>
            <Statistics of={known.get(column.name)} />
          </tr>
        ))}
        {others.map((column) => (
          <tr>
            <th scope="row">{column.name}</th>
            <td class="nowrap">
              <code>{column.type}</code>
            </td>
            <td class="none">not in the file</td>
            <td></td>
            <Statistics of={column} />
          </tr>
        ))}
      </Table>
      <p class="note">
        {statistics.length === 0
          ? "There is no such table yet."
          : "Rates are what ANALYZE has seen in a sample of the live rows."}
      </p>
    </>
  );
}

function Statistics({ of }: { readonly of: ColumnStatistics | undefined }) {
  const rate = of?.null_rate ?? null;
  const distinct = of?.distinct ?? null;
  return (
    <>
      <td>
        {rate === null ? <span class="none">–</span> : (
          <div class="meter">
            <Bar part={rate} />
            <span class="amount">{(100 * rate).toFixed(1)} %</span>
          </div>
        )}
      </td>
      <td class="number">
        {distinct === null ? <span class="none">–</span> : shortCount(Math.round(distinct))}
      </td>
    </>
  );
}

function typeText(type: ColumnType): string {
  if (type.name === "other") return type.sql;
  if ("precision" in type && type.precision !== null) {
    return `numeric(${type.precision}${type.scale === null ? "" : `,${type.scale}`})`;
  }
  return "length" in type && type.length !== null ? `${type.name}(${type.length})` : type.name;
}

function rulesText({ required, default: fallback, rules }: ColumnSpec): string {
  return [
    ...(required ? ["required"] : []),
    ...(fallback === null ? [] : [`default ${fallback}`]),
    ...Object.entries(rules).map(([name, value]) =>
      `${name.replaceAll("_", " ")} ${Array.isArray(value) ? value.join(", ") : value}`
    ),
  ].join("; ");
}

function Source({ shown }: { readonly shown: ShownFile }) {
  const lines = shown.text.replace(/\n$/, "").split("\n");
  const byLine = Map.groupBy(shown.diagnostics, ({ start }) => start.line);
  return (
    <>
      {shown.diagnostics.length === 0 ? null : (
        <ul class="reasons">
          {shown.diagnostics.map(({ start, code, message }) => (
            <li>
              <a href={`#line-${start.line}`}>Line {start.line}</a>: {message} <code>{code}</code>
            </li>
          ))}
        </ul>
      )}
      <div class="source" tabindex={0} role="region" aria-label="Text of the file">
        <ol>
          {lines.map((line, at) => (
            <Line number={at + 1} text={line} diagnostics={byLine.get(at + 1) ?? []} />
          ))}
        </ol>
      </div>
      {shown.cut ? <p class="note">The file is longer: its beginning is shown.</p> : null}
    </>
  );
}

function Line(
  { number, text, diagnostics }: {
    readonly number: number;
    readonly text: string;
    readonly diagnostics: readonly Diagnostic[];
  },
) {
  const [first] = diagnostics;
  return (
    <li id={`line-${number}`} class={first === undefined ? "" : "wrong"}>
      <span class="line">{number}</span>
      <code>
        <Marked text={text} diagnostic={first} />
      </code>
      {diagnostics.map(({ severity, message, hint }) => (
        <span class="said">
          {severity}: {message}
          {hint === undefined ? "" : ` – ${hint}`}
        </span>
      ))}
    </li>
  );
}

/** The place that a diagnostic is about, unless the line has changed since. */
function Marked(
  { text, diagnostic }: { readonly text: string; readonly diagnostic: Diagnostic | undefined },
) {
  const plain = text.replace(/\r$/, "");
  if (diagnostic === undefined || diagnostic.source !== plain) return <>{plain}</>;
  const { start, end } = diagnostic;
  const from = start.column - 1;
  const to = end.line === start.line ? Math.max(end.column - 1, from + 1) : plain.length;
  return (
    <>
      {plain.slice(0, from)}
      <mark>{plain.slice(from, to)}</mark>
      {plain.slice(to)}
    </>
  );
}
