/** What a column's pages may not be, which no writer makes. */
import { expect } from "packages/expect.ts";
import { type Footer, type Node, readFooter } from "../../../src/source/formats/parquet/footer.ts";
import { LeafReader } from "../../../src/source/formats/parquet/leaf_reader.ts";
import { leafText } from "../../../src/source/formats/parquet/leaf_text.ts";
import { fixture, inMemory } from "./read_rows.ts";

const KINDS = ["snappy", "gzip_v2", "zstd_crc", "lz4"];

function leavesOf({ fields }: Footer): readonly Node[] {
  const leaves = (node: Node): readonly Node[] =>
    node.children.length === 0 ? [node] : node.children.flatMap(leaves);
  return fields.flatMap(leaves);
}

for (const kind of KINDS) {
  Deno.test(`parquet: a dictionary that is not the first page of its column is damage (${kind})`, async () => {
    const bytes = fixture(kind);
    const footer = await readFooter(inMemory(bytes));
    const [group] = footer.groups;
    let tried = 0;
    for (const leaf of leavesOf(footer)) {
      const place = { shown: "file.parquet", group: 1, column: leaf.path };
      const chunk = group.chunk(leaf.firstLeaf, place);
      const dictionary = Number(chunk.dictionary_page_offset ?? 0);
      const data = Number(chunk.data_page_offset);
      if (dictionary === 0 || dictionary >= data) continue;
      const end = dictionary + Number(chunk.total_compressed_size);
      const first = bytes.slice(dictionary, data);
      const pages = bytes.slice(data, end);
      const text = leafText(leaf.element, false, place);
      /** Reads a column of these pages. */
      const read = async (times: number, ...parts: readonly Uint8Array[]): Promise<string> => {
        const whole = [bytes.subarray(0, 4), ...parts, bytes.subarray(-8)];
        const file = inMemory(Uint8Array.from(whole.flatMap((part) => [...part])));
        const at = { ...chunk, dictionary_page_offset: 4n, data_page_offset: 5n };
        const values = chunk.num_values * BigInt(times);
        const size = BigInt(parts.reduce((sum, { length }) => sum + length, 0));
        const reader = new LeafReader(
          file,
          { ...at, total_compressed_size: size, num_values: values },
          leaf,
          text,
          place,
        );
        try {
          await reader.load(group.rows * times);
          return "read";
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect([leaf.path, await read(1, first, pages)]).toEqual([leaf.path, "read"]);
      const told = "a dictionary is not the first of its pages";
      expect(await read(1, first, first, pages)).toContain(told);
      expect(await read(2, first, pages, first, pages)).toContain(told);
      expect(await read(2, pages, first, pages)).toContain(told);
      tried++;
    }
    expect(tried).toBeGreaterThan(0);
  });
}
