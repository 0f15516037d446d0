import { sourceName } from "../../core/source_name.ts";
import { type Ask, askLedger, NotShown, type Shown, textOf } from "../ask.ts";
import { type ColumnStatistics, readColumnStatistics } from "../queries/columns.ts";
import { BrokenFileView, FileView } from "../views/file.tsx";

/** `/file?name=…`: one that has no pipeline, being wrong. */
export function brokenFilePage(ask: Ask): Promise<Shown> {
  const name = textOf(ask.query, "name");
  const found = ask.host.files().get(name);
  if (found === undefined) {
    throw new NotShown(404, "There is no such file", "The folder may have changed meanwhile.");
  }
  const { fault, shown = null } = found;
  return Promise.resolve({
    title: name,
    view: <BrokenFileView file={name} fault={fault} shown={shown} />,
  });
}

/** `/pipeline/<name>/file` */
export async function filePage(ask: Ask, pipeline: string): Promise<Shown> {
  const [file, served] =
    [...ask.host.files()].find(([, { served }]) => served?.spec.pipeline === pipeline) ??
      [null, null];
  const title = `${pipeline}: file`;
  if (file === null) {
    return { title, view: <FileView data={{ pipeline, file: null }} /> };
  }
  const spec = served!.served!.spec;
  // Without its database the file is worth a look all the same.
  const found = await askLedger(ask, (tx) => readColumnStatistics(tx, spec.target))
    .catch((error) => {
      if (error instanceof NotShown) return "none" as const;
      throw error;
    });
  const statistics: readonly ColumnStatistics[] = typeof found === "string" ? [] : found;
  const data = {
    pipeline,
    file,
    spec,
    source: ask.host.secrets.redact(sourceName(spec.source)),
    target: `${spec.target.schema}.${spec.target.table}`,
    fault: served!.fault,
    shown: served!.shown ?? null,
    statistics,
  };
  return { title, view: <FileView data={data} /> };
}
