import { type CheckRow, PAST_CHECKS } from "../queries/checks.ts";
import { pipelinePath } from "../parts/format.ts";
import { PipelineHead } from "../parts/layout.tsx";
import { Spark } from "../parts/spark.tsx";
import { Legend, State } from "../parts/state.tsx";
import { Command, Count, Empty, number, Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/time.tsx";

export interface ChecksData {
  readonly pipeline: string;
  /** The one that is shown by itself; empty: all. */
  readonly name: string;
  /** The newest first. */
  readonly results: readonly CheckRow[];
}

/** Results of one check that are listed. */
const LISTED = 200;

/** View 5: what checks saw over time, against what they expected. */
export function ChecksView({ data, now }: { readonly data: ChecksData; readonly now: Date }) {
  const { pipeline, name, results } = data;
  return (
    <>
      <PipelineHead pipeline={pipeline} view="checks" />
      {results.length === 0
        ? (
          <Empty title={name === "" ? "No check has looked at it yet" : "There is no such check"}>
            <p>
              Checks of the pipeline file look at each load before it is published. This runs them
              on what is live:
            </p>
            <Command lines={[`check pipelines/${pipeline}.yaml`]} />
          </Empty>
        )
        : name === ""
        ? <Overview pipeline={pipeline} results={results} now={now} />
        : <One data={data} now={now} />}
    </>
  );
}

function Overview(
  { pipeline, results, now }: {
    readonly pipeline: string;
    readonly results: readonly CheckRow[];
    readonly now: Date;
  },
) {
  const byName = [...Map.groupBy(results, (each) => each.name)]
    .sort(([a], [b]) => a < b ? -1 : 1);
  return (
    <>
      <Table
        caption={`Checks of ${pipeline}`}
        wide
        head={[
          "Check",
          "Newest",
          "When",
          number("Observed"),
          "Expected",
          "Observed over time",
          number("Passed"),
          number("Failed"),
        ]}
      >
        {byName.map(([name, rows]) => {
          const [newest] = rows;
          const passed = rows.filter(({ result }) => result === "passed").length;
          return (
            <tr>
              <th scope="row">
                <a href={pipelinePath(pipeline, "checks", { check: name })}>{name}</a>
              </th>
              <td>
                <State state={newest.result} />
              </td>
              <td>
                <Ago at={newest.checked_at} now={now} />
              </td>
              <td class="number">{newest.observed ?? "–"}</td>
              <td class="break">{newest.expected ?? "–"}</td>
              <td>
                <Spark points={pointsOf(rows)} label={`${name} over time`} />
              </td>
              <Count of={passed} />
              <Count of={rows.length - passed} />
            </tr>
          );
        })}
      </Table>
      <div class="under">
        <Legend states={["passed", "warned", "failed"]} />
        {results.length === PAST_CHECKS
          ? <p class="note">Of the newest {PAST_CHECKS} results.</p>
          : null}
      </div>
    </>
  );
}

function One({ data, now }: { readonly data: ChecksData; readonly now: Date }) {
  const { pipeline, name, results } = data;
  const hasExamples = results.some(({ examples }) => examples !== null && examples.length > 0);
  return (
    <>
      <h2>{name}</h2>
      <p>
        <a href={pipelinePath(pipeline, "checks")}>All checks</a>
      </p>
      <Spark points={pointsOf(results)} label={`${name} over time`} large />
      <Table
        caption={`Results of ${name}, the newest first`}
        wide
        head={[
          "When",
          "Ago",
          "Result",
          "Partition",
          number("Version"),
          number("Observed"),
          "Expected",
          ...(hasExamples ? ["Examples"] : []),
          "Run",
        ]}
      >
        {results.slice(0, LISTED).map((row) => (
          <tr>
            <th scope="row">
              <At at={row.checked_at} />
            </th>
            <td>
              <Ago at={row.checked_at} now={now} />
            </td>
            <td>
              <State state={row.result} />
            </td>
            <td>{row.partition ?? "whole table"}</td>
            <Count of={row.version} />
            <td class="number">{row.observed ?? "–"}</td>
            <td class="break">{row.expected ?? "–"}</td>
            {hasExamples
              ? (
                <td class="break">
                  <code>{(row.examples ?? []).map(exampleText).join("\n")}</code>
                </td>
              )
              : null}
            <td>
              {row.run_id === null
                ? "check"
                : <a href={`/run/${row.run_id}`}>{row.run_id.slice(0, 8)}</a>}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function exampleText(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example);
}

/** Results that are numbers, the oldest first. */
function pointsOf(rows: readonly CheckRow[]) {
  return rows.flatMap(({ observed, result, partition }) => {
    const value = observed === null || observed === "" ? NaN : Number(observed);
    return Number.isFinite(value) ? [{ value, result, name: partition ?? "" }] : [];
  }).slice(0, 120).reverse();
}
