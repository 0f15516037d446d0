import type { Database } from "../../src/db/database.ts";
import type { ServerTypeCase } from "./server_types.ts";

/** An extension with the types that it brings. */
export interface ExtensionCase {
  readonly extension: string;
  /** Those that it needs, in the same schema. */
  readonly needs?: readonly string[];
  readonly types: readonly ExtensionTypeCase[];
}

/** A type of an extension: its name as a pipeline file has it, without the schema. */
export interface ExtensionTypeCase extends ServerTypeCase {
  /** An index of a kind of its own, as `using` has it; `v` is the column. */
  readonly index?: string;
}

const POINT = "0101000020E6100000000000000000F03F0000000000000040";
const PLAIN_POINT = "0101000000000000000000F03F0000000000000040";

export const EXTENSIONS: readonly ExtensionCase[] = [
  {
    extension: "postgis",
    types: [
      {
        type: "geometry(Point,4326)",
        good: [
          "SRID=4326;POINT(1 2)",
          "POINT(1 2)",
          POINT,
          POINT.toLowerCase(),
          PLAIN_POINT,
          '{"type":"Point","coordinates":[1.5,2]}',
          "POINT EMPTY",
        ],
        bad: [
          "SRID=3857;POINT(1 2)",
          "LINESTRING(0 0,1 1)",
          "POINT(1)",
          "POINT(1 2 3)",
          "POINT(a b)",
          "",
          " ",
          POINT.slice(0, -2),
          "SRID=4326;POINT(1 2",
          '{"type":"Point"}',
        ],
        index: "gist (v)",
      },
      {
        type: "geometry",
        good: [
          "POLYGON((0 0,1 0,1 1,0 0))",
          "SRID=3857;MULTIPOINT((1 2),(3 4))",
          "GEOMETRYCOLLECTION EMPTY",
          "CIRCULARSTRING(0 0,1 1,2 0)",
          "POINT ZM (1 2 3 4)",
        ],
        bad: ["POLYGON((0 0,1 0,1 1))", "SRID=x;POINT(1 2)", "CIRCLE(1 2)"],
        index: "gist (v)",
      },
      {
        type: "geometry(PolygonZ,3857)",
        good: ["SRID=3857;POLYGON Z ((0 0 1,1 0 1,1 1 1,0 0 1))"],
        bad: ["SRID=3857;POLYGON((0 0,1 0,1 1,0 0))"],
      },
      {
        type: "geography(Point,4326)",
        good: ["POINT(-71 42)", "SRID=4326;POINT(180 -90)", POINT],
        bad: ["SRID=3857;POINT(1 1)", "LINESTRING(0 0,1 1)", "nowhere"],
        index: "gist (v)",
      },
      {
        type: "geography",
        good: ["SRID=4267;LINESTRING(0 0,1 1)", "POINT(1 2)"],
        bad: ["SRID=999998;POINT(1 1)", "x"],
      },
      { type: "box2d", good: ["BOX(0 0,1 1)"], bad: ["BOX(0 0)", "x"] },
      { type: "box3d", good: ["BOX3D(0 0 0,1 1 1)"], bad: ["BOX3D(x)", ""] },
      // Its elements are parted by colons.
      {
        type: "geometry[]",
        good: [`{${POINT}:${PLAIN_POINT}}`, "{}", '{"POINT(1 2)":NULL}'],
        bad: [`{${POINT},${POINT}}`, "{x}"],
      },
    ],
  },
  {
    extension: "postgis_raster",
    needs: ["postgis"],
    types: [{
      type: "raster",
      // ST_MakeEmptyRaster(1, 1, 0, 0, 1, -1, 0, 0, 4326), no bands.
      good: [
        "01000000000000000000000000F03F000000000000F0BF0000000000000000000000000000000000000000" +
        "000000000000000000000000E610000001000100",
      ],
      bad: ["0100", "x", ""],
    }],
  },
  {
    extension: "vector",
    types: [
      {
        type: "vector(3)",
        good: ["[1,2,3]", "[ 1.5, -2e10, 0.1 ]"],
        bad: ["[1,2]", "[1,2,3,4]", "[1,NaN,2]", "[1,2,x]", "1,2,3", "[]", "", "[1,2,1e39]"],
        index: "hnsw (v @schema@.vector_l2_ops)",
      },
      { type: "vector", good: ["[1]", "[1,2,3,4,5]"], bad: ["[]", "{1,2}"] },
      {
        type: "halfvec(3)",
        good: ["[1,2,3]", "[0.1,0.2,65504]"],
        bad: ["[1,2]", "[1,2,70000]", "x"],
        index: "hnsw (v @schema@.halfvec_cosine_ops)",
      },
      {
        type: "sparsevec(5)",
        good: ["{1:1,3:2}/5", "{}/5"],
        bad: ["{1:1}/4", "{6:1}/5", "[1,2]"],
      },
      {
        type: "vector(2)[]",
        good: ['{"[1,2]","[3,4]"}', "{}"],
        bad: ['{"[1,2,3]"}', "{[1,2]}"],
      },
    ],
  },
  {
    extension: "citext",
    types: [{ type: "citext", good: ["Abc", "", "ÄÖ"], bad: [] }],
  },
  {
    extension: "hstore",
    types: [{
      type: "hstore",
      good: ['a=>1,"b c"=>NULL', ""],
      bad: ["a", "=>1"],
      index: "gin (v)",
    }],
  },
  {
    extension: "ltree",
    types: [
      { type: "ltree", good: ["a.b.c", ""], bad: ["a..b", "a b"], index: "gist (v)" },
      { type: "lquery", good: ["a.*{1,2}.!b"], bad: ["a.{", "*{3,1}"] },
      { type: "ltree[]", good: ["{a.b,c}", "{}"], bad: ["{a..b}"], index: "gist (v)" },
    ],
  },
  {
    extension: "cube",
    types: [{
      type: "cube",
      good: ["(1,2,3)", "(1),(2)", "5"],
      bad: ["(1,x)", "1,2,", "(1,2),(3)"],
      index: "gist (v)",
    }],
  },
  {
    extension: "seg",
    types: [{
      type: "seg",
      good: ["1.50 .. 2", "~7", "5(+-)0.3", "<3"],
      bad: ["2 .. 1", "x", ""],
      index: "gist (v)",
    }],
  },
  {
    extension: "isn",
    types: [
      {
        type: "isbn",
        good: ["978-0-393-04002-9", "0-393-04002-X"],
        bad: ["978-0-393-04002-8", "x", ""],
      },
      { type: "isbn13", good: ["978-0-393-04002-9"], bad: ["978-0-393-04002-0"] },
      { type: "issn", good: ["1436-4522"], bad: ["1436-4521"] },
      { type: "ean13", good: ["9780393040029"], bad: ["9780393040028"] },
      { type: "upc", good: ["220356483481"], bad: ["220356483480"] },
    ],
  },
];

/** Whether the server has files of the extension and of those that it needs; else says so. */
export async function hasExtension(
  db: Database,
  { extension, needs = [] }: ExtensionCase,
): Promise<boolean> {
  const names = [...needs, extension];
  const found = await db.query<{ name: string }>(
    "select name from pg_available_extensions where name = any($1::text[])",
    [names],
  );
  const missing = names.filter((each) => !found.some(({ name }) => name === each));
  if (missing.length === 0) return true;
  console.log(`skipped: the server has no extension ${missing.join(", ")}`);
  return false;
}

/** Makes the extension in a schema. */
export async function createExtension(
  db: Database,
  { extension, needs = [] }: ExtensionCase,
  schema: string,
): Promise<void> {
  for (const name of [...needs, extension]) {
    await db.query(`create extension ${name} schema ${schema}`);
  }
}
