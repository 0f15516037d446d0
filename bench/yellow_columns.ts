import { loadSpec } from "../src/spec/load_spec.ts";
import { typeText } from "../src/spec/column_type.ts";
import type { PeerColumn } from "./peer.ts";

const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);

/** The columns of the month, in the order of its file; amounts as double precision. */
export function yellowColumns(): PeerColumn[] {
  const text = Deno.readTextFileSync(PIPELINE).replaceAll('"numeric(10,2)"', "double precision");
  const { spec } = loadSpec(text, { file: "yellow_month.yaml", folder: ".", variables: {} });
  if (spec === null) throw new Error("bench/yellow_month.yaml is no pipeline");
  return spec.columns.map(({ from, name, type }) => ({ header: from, name, type: typeText(type) }));
}
