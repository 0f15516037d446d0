import { workspace } from "../support/pipeline.ts";

/** A pipeline of two columns; `more` adds lines. */
export const pipeline = (name: string, url: string, more = "") =>
  `pipeline: ${name}
source: { url: "${url}", format: csv, timeout: 5 }
target: { table: ny.${name} }
columns: { id: integer, name: text }
${more}`;

const HEAD = pipeline("long", "trips.csv");

/**
 * A folder that has, beside the pipeline `trips`, every kind of entry that is no pipeline file, and
 * pipelines whose sources are no files; Linux only.
 *
 * @param long some files take seconds to read
 */
export async function oddFolder({ long = false } = {}): Promise<
  { readonly odd: number } & ReturnType<typeof workspace>
> {
  const files = workspace({
    "trips.yaml": pipeline("trips", "trips.csv"),
    "trips.csv": "id,name\n1,one\n",
    "from_pipe.yaml": pipeline("from_pipe", "source.pipe"),
    "from_zero.yaml": pipeline("from_zero", "/dev/zero"),
    "keys.yaml": HEAD +
      Array.from({ length: long ? 30_000 : 100 }, (_, at) => `key_${at}: x\n`).join(""),
    "columns.yaml": HEAD.replace(/columns: .*/, "columns:") +
      Array.from({ length: long ? 10_000 : 2_000 }, (_, at) => `  c_${at}: nonsense\n`).join(""),
    "deep.yaml": "[".repeat(100_000),
    "binary.yaml": "\0\x01\x02",
    "empty.yaml": "",
  });
  const at = (name: string) => `${files.folder}/${name}`;
  Deno.symlinkSync("nowhere.yaml", at("dangling.yaml"));
  Deno.symlinkSync("loop.yaml", at("loop.yaml"));
  Deno.symlinkSync("/dev/zero", at("zero.yaml"));
  Deno.symlinkSync("/dev/tty", at("tty.yaml"));
  Deno.symlinkSync(".", at("folder_link.yaml"));
  Deno.mkdirSync(at("folder.yaml"));
  using file = await Deno.open(at("huge.yaml"), { write: true, create: true });
  await file.truncate(2 ** 40);
  await python(
    `import os, socket
os.chdir(${JSON.stringify(files.folder)})
for name in ["pipe.yaml", "source.pipe"]: os.mkfifo(name)
socket.socket(socket.AF_UNIX).bind("socket.yaml")
open(b"latin\\xe9.yaml", "w").write("x")`,
  );
  // All but the three pipelines that can be read, and the folder.
  return { ...files, odd: 14 };
}

/** What Deno itself cannot make. */
async function python(program: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("python3", { args: ["-c", program] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
