import type { ColumnMetaData, FileMetaData, SchemaElement } from "hyparquet";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import type { RandomInput } from "../../random_input.ts";
import { damaged, decoding, notAvailable, type Place, tooLarge } from "./faults.ts";

/** A field of the schema. */
export interface Node {
  readonly element: SchemaElement;
  readonly children: readonly Node[];
  readonly name: string;
  /** Names from the top, with points between. */
  readonly path: string;
  readonly isRepeated: boolean;
  /** Definition level from which on it is there, and repetition level at which it goes on. */
  readonly def: number;
  readonly rep: number;
  /** Index among the leaves of the file, and how many of them it has. */
  readonly firstLeaf: number;
  readonly leaves: number;
}

/** Rows that are stored together. */
export interface Group {
  /** From 1. */
  readonly number: number;
  readonly rows: number;
  /** What the file says of a leaf in it. */
  chunk(leaf: number, place: Place): ColumnMetaData;
}

/** What the end of a file says about it. */
export interface Footer {
  /** In the order of the file. */
  readonly fields: readonly Node[];
  readonly groups: readonly Group[];
}

/** Bytes at the end that are read first: most footers fit. */
const FIRST_BYTES = 1 << 16;
const MOST_BYTES = 1 << 26;
const MOST_DEPTH = 64;

/** Nothing is made of the values in statistics, which are not read. */
const RAW = (value: unknown) => value;
const PARSERS = {
  timestampFromMilliseconds: RAW,
  timestampFromMicroseconds: RAW,
  timestampFromNanoseconds: RAW,
  dateFromDays: RAW,
  stringFromBytes: RAW,
  jsonFromBytes: RAW,
  uuidFromBytes: RAW,
  geometryFromBytes: RAW,
  geographyFromBytes: RAW,
};

/** Reads what a file says about itself; what it says is checked where it is used. */
export async function readFooter(file: RandomInput): Promise<Footer> {
  const place: Place = { shown: file.shown, group: null, column: null };
  const { size } = file;
  if (size < 12) throw damaged(place, `it has ${size} bytes: it was cut`);
  let end = await file.read(Math.max(0, size - FIRST_BYTES), size);
  const magic = new TextDecoder().decode(end.subarray(-4));
  if (magic === "PARE") throw notAvailable(place, "encryption");
  if (magic !== "PAR1") {
    throw damaged(place, `its last bytes are not those of a Parquet file: it was cut, or goes on`);
  }
  const length = new DataView(end.buffer, end.byteOffset).getUint32(end.length - 8, true);
  if (length > size - 12) {
    throw damaged(place, `it would have ${length} bytes, more than the file`);
  }
  if (length > MOST_BYTES) throw tooLarge(place, "a footer", length, MOST_BYTES);
  if (length + 8 > end.length) end = await file.read(size - length - 8, size);
  return decoding(
    place,
    () => footerOf(parquetMetadata(end, { geoparquet: false, parsers: PARSERS }), place),
  );
}

function footerOf(metadata: FileMetaData, place: Place): Footer {
  const { schema, row_groups: groups } = metadata;
  const rows = Number(metadata.num_rows);
  const { children: fields, leaves } = nodeOf(schema, { at: 0, leaf: 0 }, null, 0);
  const counted = groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  // There are writers that leave the sum at 0.
  if (rows !== 0 && counted !== rows || groups.some((group) => !(Number(group.num_rows) >= 0))) {
    throw damaged(place, `it tells ${rows} rows, and ${counted} in its row groups`);
  }
  return {
    fields,
    groups: groups.map((group, g): Group => ({
      number: g + 1,
      rows: Number(group.num_rows),
      chunk(leaf, place) {
        if (group.columns.length !== leaves) {
          throw damaged(place, `it has ${group.columns.length} columns, the schema ${leaves}`);
        }
        const { file_path: path, meta_data: chunk, crypto_metadata: crypto } = group.columns[leaf];
        if (path !== undefined && path !== "") throw notAvailable(place, "bytes in another file");
        if (chunk === undefined || crypto !== undefined) throw notAvailable(place, "encryption");
        return chunk;
      },
    })),
  };
}

/** Takes the schema's elements, which stand in the order of a walk, as a tree. */
function nodeOf(
  schema: readonly SchemaElement[],
  walk: { at: number; leaf: number },
  parent: Node | null,
  depth: number,
): Node {
  const element = schema[walk.at++];
  if (element === undefined) throw new Error("its schema is cut");
  if (depth > MOST_DEPTH) throw new Error(`its schema is nested more than ${MOST_DEPTH} deep`);
  const isRepeated = parent !== null && element.repetition_type === "REPEATED";
  const children: Node[] = [];
  const node = {
    element,
    children,
    name: element.name,
    path: parent === null || parent.path === "" ? element.name : `${parent.path}.${element.name}`,
    isRepeated,
    def: (parent?.def ?? 0) + (parent !== null && element.repetition_type !== "REQUIRED" ? 1 : 0),
    rep: (parent?.rep ?? 0) + (isRepeated ? 1 : 0),
    firstLeaf: walk.leaf,
    leaves: 0,
  };
  if (parent === null) node.path = "";
  if (element.type !== undefined) walk.leaf++;
  else {
    for (let child = 0; child < (element.num_children ?? 0); child++) {
      children.push(nodeOf(schema, walk, node, depth + 1));
    }
  }
  node.leaves = walk.leaf - node.firstLeaf;
  return node;
}
