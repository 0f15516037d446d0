/** Compiles the kernel into the module that is committed: `deno task kernel`. */
// @ts-types="./asc.d.ts"
import asc from "packages/asc.ts";

const FOLDER = new URL("../../src/rows/kernel/", import.meta.url);
export const MODULE_FILE = new URL("module.ts", FOLDER);

const OPTIONS = [
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--initialMemory",
  "1",
  "--memoryBase",
  "1024",
  "--enable",
  "simd",
  "--enable",
  "bulk-memory",
];

/** The text of `module.ts`, compiled anew from `assembly/`. */
export async function compileKernel(): Promise<string> {
  let binary: Uint8Array<ArrayBuffer> | null = null;
  const { error, stderr } = await asc.main(["index.ts", "-o", "kernel.wasm", ...OPTIONS], {
    readFile: (name: string) => read(new URL(`assembly/${name}`, FOLDER)),
    writeFile: (_name: string, contents: string | Uint8Array) => {
      binary = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error !== null || binary === null) throw new Error(`${error}\n${stderr}`);
  return "// Compiled from assembly/ by `deno task kernel`.\n// deno-fmt-ignore-file\n" +
    `export const MODULE = "${(binary as Uint8Array).toBase64()}";\n`;
}

function read(file: URL): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

if (import.meta.main) Deno.writeTextFileSync(MODULE_FILE, await compileKernel());
